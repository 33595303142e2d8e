// SPDX-License-Identifier: MIT
//
// form_reader: a form with files, as a server gets it; part by part, while it comes.
//
//     site.post("/upload", [](simul::http::request& asked) -> simul::task<simul::http::response> {
//         asked.limit_body(100 << 20);
//         simul::http::form_reader form(asked);
//         while (auto part = co_await form.next()) {
//             if (part->is_file)
//                 save(part->filename, co_await form.read_all(50 << 20));
//             else
//                 note(part->name, co_await form.read_all());
//         }
//         co_return "thank you";
//     });
//
// No more of it is in memory than was asked for, and the piece that came last.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/http/multipart.hpp>
#include <simul/http/request.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace simul::http {

class form_reader {
public:
    /// Of the body of `asked`, which has to outlive it. *Throws:* `answer` with 415 when that is no
    /// multipart/form-data.
    explicit form_reader(request& asked, const multipart_limits& within = {});
    form_reader(form_reader&&) noexcept;
    form_reader& operator=(form_reader&&) noexcept;
    ~form_reader();

    // All *throw* `answer`: 400 when the form can't be understood or breaks off, 413 and 431 when it goes beyond the
    // limits, and whatever reading the body throws.

    /// The next part; none when there is no more. What wasn't read of the one before is passed over.
    task<std::optional<part_head>> next();
    /// The next piece of the part's data; empty: that was all.
    task<bytes> read_some();
    /// All that is left of the part's data. *Throws:* also `answer` with 413 when that is more than `most`.
    task<bytes> read_all(std::size_t most = std::size_t{1} << 20);

private:
    class state;

    std::unique_ptr<state> state_;
};

} // namespace simul::http
