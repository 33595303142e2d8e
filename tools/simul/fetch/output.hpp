// SPDX-License-Identifier: MIT
//
// Where records go: each a whole line, written in one piece, so that the output is at every moment the journal of what was done.
#pragma once

#include "record.hpp"

#include <simul/io/file.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fetch {

/// Standard output, unless a file is opened.
class output {
public:
    /// A file, which is emptied, or gone on with where it ends: then a line that was cut off is taken away.
    /// *Throws:* simul::error.
    simul::task<> open(std::string path, bool go_on);

    /// What the file had: one for each line.
    const std::vector<std::string>& lines_before() const noexcept { return before_; }

    /// Writes the line for the `number`th URL, when those before it are written or skipped; without a line it is skipped. With
    /// `unordered`, at once. *Throws:* simul::error; then nothing of the line is in the file.
    simul::task<> put(std::size_t number, std::optional<std::string> line);
    void set_unordered() noexcept { ordered_ = false; }

    simul::task<> write(const std::string& line);
    simul::task<> close();

private:
    simul::task<> take_back_part();

    simul::fs::file file_;   ///< closed: standard output
    std::uint64_t size_ = 0; ///< of the file: whole lines
    std::vector<std::string> before_;
    bool ordered_ = true;
    std::size_t next_ = 0;
    std::map<std::size_t, std::optional<std::string>> waiting_; ///< for their turn
    simul::mutex writing_;
};

} // namespace fetch
