// SPDX-License-Identifier: MIT
#include "boundary.hpp"
#include "field_syntax.hpp"
#include "scan.hpp"

#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>
#include <simul/http/multipart.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace simul::http {

using namespace detail;

namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

/// What browsers do: these three would end the name, or its line.
std::string escaped(std::string_view name)
{
    std::string text;
    for (const char c : name) {
        if (c == '"')
            text += "%22";
        else if (c == '\r')
            text += "%0D";
        else if (c == '\n')
            text += "%0A";
        else
            text += c;
    }
    return text;
}

/// What stands before a part: the line of its boundary, and its head.
std::string head_of(const form_part& part, std::string_view boundary, bool is_first)
{
    std::string text = is_first ? "--" : "\r\n--";
    text.append(boundary).append("\r\nContent-Disposition: form-data; name=\"").append(escaped(part.name)).append("\"");
    const content_source* const source = part.value.source().get();
    const std::string filename = part.filename.empty() && source ? source->filename() : part.filename;
    const bool is_file = !filename.empty();
    if (is_file)
        text.append("; filename=\"").append(escaped(filename)).append("\"");

    std::string_view type = part.value.type();
    if (type.empty() && is_file)
        type = type_of_file(filename);
    if (find_control(type) < type.size())
        throw error(std::errc::invalid_argument, "multipart: a type with control characters");
    if (!type.empty() && (is_file || type != plain_text)) // which is what fields are
        text.append("\r\nContent-Type: ").append(type);
    return text += "\r\n\r\n";
}

/// Bytes, and then what comes from a source, if there is one.
struct segment {
    bytes before;
    std::shared_ptr<content_source> source;
};

std::vector<segment> segments_of(std::vector<form_part>& parts, std::string_view boundary)
{
    std::vector<segment> segments(1);
    bool is_first = true;
    for (form_part& part : parts) {
        segments.back().before += head_of(part, boundary, std::exchange(is_first, false));
        segments.back().before += part.value.data();
        if (part.value.source()) {
            segments.back().source = part.value.source();
            segments.emplace_back();
        }
    }
    segments.back().before.append(is_first ? "--" : "\r\n--").append(boundary).append("--\r\n");
    return segments;
}

class multipart_reader final : public content_reader {
public:
    explicit multipart_reader(std::shared_ptr<const std::vector<segment>> segments) : segments_(std::move(segments)) {}

    task<> open()
    {
        for (const segment& each : *segments_)
            readers_.push_back(each.source ? co_await each.source->open() : nullptr);
    }
    std::optional<std::uint64_t> size() const override
    {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < readers_.size(); ++i) {
            const auto of_source = readers_[i] ? readers_[i]->size() : 0;
            if (!of_source)
                return {};
            all += (*segments_)[i].before.size() + *of_source;
        }
        return all;
    }
    task<bytes> next() override
    {
        for (; at_ < segments_->size(); ++at_, before_is_sent_ = false) {
            if (!std::exchange(before_is_sent_, true))
                co_return (*segments_)[at_].before; // not empty: a boundary is in it
            if (!readers_[at_])
                continue;
            if (bytes piece = co_await readers_[at_]->next(); !piece.empty())
                co_return piece;
        }
        co_return bytes();
    }
    task<> close() override
    {
        std::exception_ptr first;
        while (!readers_.empty()) {
            const auto last = std::move(readers_.back());
            readers_.pop_back();
            try {
                if (last)
                    co_await last->close();
            } catch (...) {
                first = std::current_exception();
            }
        }
        if (first)
            std::rethrow_exception(first);
    }

private:
    std::shared_ptr<const std::vector<segment>> segments_;
    std::vector<std::unique_ptr<content_reader>> readers_; // of each segment; null for those without a source
    std::size_t at_ = 0;
    bool before_is_sent_ = false;
};

class multipart_source final : public content_source {
public:
    explicit multipart_source(std::vector<segment> segments)
        : segments_(std::make_shared<const std::vector<segment>>(std::move(segments)))
    {
    }

    task<std::unique_ptr<content_reader>> open() override
    {
        auto reader = std::make_unique<multipart_reader>(segments_);
        std::exception_ptr failure;
        try {
            co_await reader->open();
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure) {
            co_await reader->close();
            std::rethrow_exception(failure);
        }
        co_return reader;
    }
    bool is_repeatable() const noexcept override
    {
        for (const segment& each : *segments_)
            if (each.source && !each.source->is_repeatable())
                return false;
        return true;
    }

private:
    std::shared_ptr<const std::vector<segment>> segments_;
};

} // namespace

content multipart(std::vector<form_part> parts)
{
    const std::string boundary = make_boundary();
    std::string type = "multipart/form-data; boundary=" + boundary;
    std::vector<segment> segments = segments_of(parts, boundary);
    if (segments.size() == 1)
        return {std::move(segments[0].before), std::move(type)};
    return {std::make_shared<multipart_source>(std::move(segments)), std::move(type)};
}

} // namespace simul::http
