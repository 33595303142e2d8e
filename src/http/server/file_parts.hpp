// SPDX-License-Identifier: MIT
//
// An open file as content: parts of it, with text between them, read while they are sent. Its size is what it was when it was
// found. When the file turns out to be shorter, the message is broken off; what was added isn't sent.
#pragma once

#include "io/file_beneath.hpp"

#include <simul/base/bytes.hpp>
#include <simul/http/content.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace simul::http::detail {

struct file_part {
    bytes before; ///< what stands before it
    std::uint64_t first = 0, size = 0;
};

class file_parts final : public content_source {
public:
    file_parts(simul::detail::found_file file, std::vector<file_part> parts);

    std::uint64_t size() const noexcept;

    task<std::unique_ptr<content_reader>> open() override;
    bool is_repeatable() const noexcept override { return true; }

private:
    std::shared_ptr<const simul::detail::found_file> file_;
    std::vector<file_part> parts_;
};

/// All of it at once.
task<bytes> read_whole(content_source& of);

} // namespace simul::http::detail
