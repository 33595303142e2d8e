// SPDX-License-Identifier: MIT
//
// Files that somebody else names: whatever the path says, and whoever renames directories or puts links there meanwhile, it
// leads to what is beneath a directory, or to nothing.
//
//     const descriptor root = co_await open_root("public");
//     if (auto found = co_await find_beneath(root, "css/site.css", symlinks::refused))
//         bytes text = co_await read_at(*found, 0, found->status.size);
#pragma once

#include "file_calls.hpp"

#include <simul/base/bytes.hpp>
#include <simul/io/fs.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace simul::detail {

enum class symlinks : std::uint8_t {
    refused,  ///< one that leads there is as good as nothing
    followed, ///< as long as they stay beneath the directory; absolute ones never do
};

/// Open for reading.
struct found_file {
    std::string path; ///< for errors
    descriptor open;
    fs::status status; ///< when it was opened
};

/// *Throws:* `error`.
task<descriptor> open_root(const std::string& path);

/// An empty optional when there is nothing that can be opened. It may be a directory; from what is neither that nor a
/// regular file (`status.type`) nothing should be read, for that might never end.
/// *Throws:* `error`; the code is std::errc::permission_denied when it is there and may not be read.
task<std::optional<found_file>> find_beneath(const descriptor& root, std::string path, symlinks are);

/// So many bytes; fewer only at the end of the file. *Throws:* `error`.
task<bytes> read_at(const found_file& file, std::uint64_t offset, std::size_t size);

} // namespace simul::detail
