// SPDX-License-Identifier: MIT
#include "multipart_parser.hpp"

#include <simul/http/answer.hpp>
#include <simul/http/form_reader.hpp>
#include <simul/http/status.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace simul::http {

using namespace detail;

namespace {

[[noreturn]] void refuse(int status, std::string_view why)
{
    const std::string said = std::to_string(status).append(" ").append(reason_of(status)).append(": ").append(why);
    throw answer(status, said + "\n");
}

std::string boundary_of(const request& asked)
{
    auto boundary = multipart_boundary(asked.headers().get("Content-Type").value_or(""));
    if (!boundary)
        refuse(status::unsupported_media_type, "a form is expected, as multipart/form-data");
    return *std::move(boundary);
}

} // namespace

class form_reader::state {
public:
    state(request& asked, const multipart_limits& within) : asked_(asked), parser_(boundary_of(asked), within) {}

    /// Goes on to what comes next; waits for more of the body when that isn't here. Data is a view until the next call.
    task<part_found> advance()
    {
        for (;;) {
            const part_found found = parser_.next(bytes_view(piece_).substr(used_));
            used_ += found.used;
            if (found.what == part_event::failed)
                refuse(parser_.failure().status, parser_.failure().why);
            if (found.what != part_event::starved) {
                in_part_ = found.what == part_event::part || found.what == part_event::data;
                co_return found;
            }
            used_ = 0;
            piece_.clear();
            piece_ = co_await asked_.read_some();
            if (piece_.empty())
                parser_.end_input();
        }
    }

    bool in_part() const noexcept { return in_part_; }
    bool is_at_end() const noexcept { return parser_.is_at_end(); }
    part_head& head() noexcept { return parser_.head(); }

private:
    request& asked_;
    multipart_parser parser_;
    bytes piece_;
    std::size_t used_ = 0; // of it
    bool in_part_ = false;
};

form_reader::form_reader(request& asked, const multipart_limits& within)
    : state_(std::make_unique<state>(asked, within))
{
}
form_reader::form_reader(form_reader&&) noexcept = default;
form_reader& form_reader::operator=(form_reader&&) noexcept = default;
form_reader::~form_reader() = default;

task<std::optional<part_head>> form_reader::next()
{
    while (!state_->is_at_end())
        if ((co_await state_->advance()).what == part_event::part)
            co_return std::move(state_->head());
    co_return std::nullopt;
}

task<bytes> form_reader::read_some()
{
    while (state_->in_part())
        if (const part_found found = co_await state_->advance(); found.what == part_event::data)
            co_return bytes(found.piece);
    co_return bytes();
}

task<bytes> form_reader::read_all(std::size_t most)
{
    bytes all;
    while (state_->in_part()) {
        const part_found found = co_await state_->advance();
        if (found.piece.size() > most - all.size())
            refuse(status::content_too_large, "a part of the form is too large");
        all += found.piece;
    }
    co_return all;
}

} // namespace simul::http
