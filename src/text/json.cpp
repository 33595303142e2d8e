// SPDX-License-Identifier: MIT
//
// The one file that sees simdjson. Its DOM parser checks all of the text and leaves a tape, from which typed values are read.
// The `ondemand` one would be no faster, and doesn't look at what is skipped.
#include "json_scanner.hpp"
#include "json_words.hpp"

#include <simul/text/json.hpp>

#include <algorithm>
#include <simdjson.h>

namespace simul::json::detail {

namespace {

constexpr unsigned deepest = 1024;             // so that recursion has an end
constexpr std::size_t kept_capacity = 2 << 20; // a parser for this much is kept per thread

struct place {
    std::size_t line, column;
};
place place_of(std::string_view text, std::size_t offset)
{
    const std::string_view before = text.substr(0, offset);
    const std::size_t newline = before.rfind('\n');
    return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
            newline == std::string_view::npos ? before.size() + 1 : before.size() - newline};
}
std::string in_words(place at)
{
    return "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": ";
}

[[noreturn]] void refuse_text(std::string_view text, problem found)
{
    const place at = place_of(text, found.offset);
    throw error("JSON: " + in_words(at) + found.what, at.line, at.column, {});
}

} // namespace

struct parsed::parser {
    simdjson::dom::parser dom;

    static thread_local std::unique_ptr<parser> spare;
};

thread_local std::unique_ptr<parsed::parser> parsed::parser::spare;

parsed::parsed(bytes_view text, std::size_t room, const options& options)
{
    if (text.size() > options.max_size)
        throw error("JSON: the text has " + std::to_string(text.size()) + " bytes, more than the " +
                        std::to_string(options.max_size) + " of options::max_size",
                    0, 0, {});
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);

    // Taken, not borrowed: reading may call code that parses.
    parser_ = parser::spare ? std::move(parser::spare) : std::make_unique<parser>();
    simdjson::dom::parser& dom = parser_->dom;
    const unsigned max_depth = std::min(options.max_depth, deepest);
    const auto parse = [&](std::string_view from, bool copy) {
        if (dom.capacity() < from.size() || dom.max_depth() != max_depth + 1)
            if (const auto problem = dom.allocate(std::max<std::size_t>(from.size(), 1024), max_depth + 1))
                return problem;
        return dom.parse(from.data(), from.size(), copy).error();
    };
    simdjson::error_code problem = text.empty() ? simdjson::EMPTY : parse(text, room < simdjson::SIMDJSON_PADDING);
    if (problem == simdjson::MEMALLOC)
        throw std::bad_alloc();
    if (problem == simdjson::NUMBER_ERROR)
        problem = parse(large_integers_as_real(text), true);
    if (problem) {
        const detail::problem found = find_problem(text, max_depth);
        if (found.what)
            refuse_text(text, found);
        throw error(std::string("JSON: simdjson: ") + simdjson::error_message(problem), 0, 0, {}); // not met yet
    }
    tape_ = {dom.doc.tape.get(), reinterpret_cast<const char*>(dom.doc.string_buf.get()), text, &options};
}

parsed::~parsed()
{
    if (parser_->dom.capacity() <= kept_capacity)
        parser::spare = std::move(parser_);
}

void tape_at::get(value& to) const
{
    switch (tag()) {
    case 't':
    case 'f':
        to.held_ = tag() == 't';
        break;
    case 'l':
        to.held_ = static_cast<std::int64_t>(number());
        break;
    case 'u':
        to.held_ = number();
        break;
    case 'd':
        to.held_ = std::bit_cast<double>(number());
        break;
    case '"':
        to.held_.emplace<std::string>(text_at(index_));
        break;
    case '[': {
        array& elements = to.held_.emplace<array>();
        elements.reserve(count());
        for_each_element([&](const tape_at& each) { each.get(elements.emplace_back()); });
        break;
    }
    case '{': {
        object& made = to.held_.emplace<object>();
        made.members_.reserve(count());
        for_each_member([&](std::string_view name, const tape_at& each) {
            each.get(made.members_.emplace_back(member{std::string(name), {}}).value);
        });
        if (const member* const twice = made.find_duplicate()) {
            if (options().duplicates == duplicates::refuse)
                refuse(has_twice(twice->name));
            made.keep_last_of_duplicates();
        }
        break;
    }
    default:
        to.held_ = nullptr;
    }
}

/// "$.items[3].name", and the way there in numbers.
std::string tape_at::path_to(std::vector<std::size_t>& ordinals) const
{
    std::string path = "$";
    for (std::size_t outer = 1; outer != index_;) {
        const tape_at container(*tape_, outer);
        std::size_t ordinal = 0;
        const auto enter_if_inside = [&](const tape_at& each) {
            const bool inside = each.index_ <= index_ && index_ < after(each.index_);
            if (inside) {
                outer = each.index_;
                ordinals.push_back(ordinal);
            }
            ++ordinal;
            return inside;
        };
        if (container.is_array())
            container.for_each_element([&](const tape_at& each) {
                if (enter_if_inside(each))
                    append_index(path, ordinals.back());
            });
        else
            container.for_each_member([&](std::string_view name, const tape_at& each) {
                if (enter_if_inside(each))
                    append_name(path, name);
            });
    }
    return path;
}

void tape_at::refuse(std::string_view what) const
{
    std::vector<std::size_t> ordinals;
    std::string path = path_to(ordinals);
    const place at = place_of(tape_->text, find_value(tape_->text, ordinals));
    std::string sentence = "JSON: " + in_words(at) + path + ": ";
    throw error(std::move(sentence.append(what)), at.line, at.column, std::move(path));
}

void tape_at::expected(std::string_view what) const
{
    std::string got;
    if (is_array()) {
        got = of_size(count());
    } else if (is_object()) {
        got = "an object";
    } else {
        value scalar;
        get(scalar);
        got = in_words(scalar);
    }
    refuse(std::string("expected ").append(what).append(", got ").append(got));
}

} // namespace simul::json::detail
