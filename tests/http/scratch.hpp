// SPDX-License-Identifier: MIT
//
// Files of the real system for a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

/// A directory that goes with this object.
class scratch {
public:
    scratch() : path_((std::filesystem::temp_directory_path() / "simul-http-XXXXXX").string())
    {
        if (!::mkdtemp(path_.data()))
            std::abort();
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() { std::filesystem::remove_all(path_); }

    const std::string& path() const noexcept { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    /// Makes a file of it. Returns its path.
    std::string put(std::string_view name, std::string content) const
    {
        const std::filesystem::path file = *this / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << content;
        return file.string();
    }
    std::string get(std::string_view name) const
    {
        std::string content(std::filesystem::file_size(*this / name), '\0');
        std::ifstream(*this / name, std::ios::binary)
            .read(content.data(), static_cast<std::streamsize>(content.size()));
        return content;
    }

private:
    std::string path_;
};
