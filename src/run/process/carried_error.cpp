// SPDX-License-Identifier: MIT
#include "run/process/carried_error.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <variant>

namespace simul::detail {
namespace {

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t most_of_group = 16;
constexpr int deepest_group = 8; // what is deeper arrives as text

struct carried {
    std::error_code code;
    std::string text;
};

/// Its constructor adds what the code means to the text, which ends with that already.
std::system_error remake_system_error(const carried& from)
{
    const std::string meaning = from.code.message();
    if (from.text == meaning)
        return std::system_error(from.code);
    const std::size_t end = from.text.size() - std::min(from.text.size(), meaning.size() + 2);
    return std::system_error(from.code, from.text.substr(end) == ": " + meaning ? from.text.substr(0, end) : from.text);
}

template <class E> std::exception_ptr remake(const carried& from)
{
    if constexpr (std::is_same_v<E, error>)
        return std::make_exception_ptr(error(from.code, from.text));
    else if constexpr (std::is_same_v<E, timeout_error>)
        return std::make_exception_ptr(timeout_error(from.text));
    else if constexpr (std::is_constructible_v<E, std::string>)
        return std::make_exception_ptr(E(from.text));
    else if constexpr (std::is_same_v<E, std::system_error>)
        return std::make_exception_ptr(remake_system_error(from));
    else
        return std::make_exception_ptr(E());
}

struct kind {
    const std::type_info& type;
    std::exception_ptr (*remake)(const carried&);
};
template <class E> constexpr kind kind_of{typeid(E), remake<E>};

// The numbers by which they travel.
constexpr const kind* kinds[] = {
    &kind_of<error>,
    &kind_of<timeout_error>,
    &kind_of<end_of_stream>,
    &kind_of<closed_error>,
    &kind_of<invalid_state>,
    &kind_of<deadlock_error>,
    &kind_of<broken_pool>,
    &kind_of<cancelled>,
    &kind_of<std::runtime_error>,
    &kind_of<std::logic_error>,
    &kind_of<std::invalid_argument>,
    &kind_of<std::domain_error>,
    &kind_of<std::length_error>,
    &kind_of<std::out_of_range>,
    &kind_of<std::range_error>,
    &kind_of<std::overflow_error>,
    &kind_of<std::underflow_error>,
    &kind_of<std::system_error>,
    &kind_of<std::bad_alloc>,
    &kind_of<std::bad_cast>,
    &kind_of<std::bad_typeid>,
    &kind_of<std::bad_optional_access>,
    &kind_of<std::bad_variant_access>,
};
constexpr std::size_t known_kinds = std::size(kinds);
constexpr std::size_t group_kind = known_kinds;

std::string cut(std::string text)
{
    if (text.size() > longest_text)
        text = text.substr(0, longest_text) + "...";
    return text;
}

carried read(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const error& e) {
        return {e.code(), e.what()};
    } catch (const std::system_error& e) {
        return {e.code(), e.what()};
    } catch (const std::exception& e) {
        return {std::make_error_code(std::errc::state_not_recoverable), e.what()};
    } catch (...) {
        return {std::make_error_code(std::errc::state_not_recoverable), {}};
    }
}

void put_at_depth(encoder& out, const std::exception_ptr& thrown, int depth);

bool put_group(encoder& out, const std::exception_ptr& thrown, int depth)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const error_group& group) {
        const std::string summary = group.what();
        const std::size_t sent = std::min(most_of_group, group.errors().size());
        out.put_size(group_kind);
        out.put(cut(summary.substr(0, summary.rfind(" (" + std::to_string(group.errors().size()) + " error"))));
        out.put_size(sent);
        for (std::size_t i = 0; i < sent; ++i)
            put_at_depth(out, group.errors()[i], depth + 1);
        return true;
    } catch (...) {
        return false;
    }
}

void put_at_depth(encoder& out, const std::exception_ptr& thrown, int depth)
{
    const std::type_info& type = *thrown.__cxa_exception_type();
    if (type == typeid(error_group) && depth < deepest_group && put_group(out, thrown, depth))
        return;
    std::size_t number = 0;
    while (number < known_kinds && kinds[number]->type != type)
        ++number;
    carried content = read(thrown);
    if (number == known_kinds) {
        number = 0;
        content.text = simul::describe(thrown);
    }
    out.put_size(number);
    out.put(content.code);
    out.put(cut(std::move(content.text)));
}

std::exception_ptr get_at_depth(decoder& in, int depth)
{
    const std::size_t number = in.get_size();
    if (number == group_kind && depth < deepest_group) {
        auto summary = in.get<std::string>();
        std::vector<std::exception_ptr> errors(std::min(in.get_count(), most_of_group));
        for (std::exception_ptr& each : errors)
            each = get_at_depth(in, depth + 1);
        return std::make_exception_ptr(error_group(std::move(summary), std::move(errors)));
    }
    if (number >= known_kinds)
        decoder::fail("an error of an unknown kind");
    carried content;
    content.code = in.get<std::error_code>();
    content.text = in.get<std::string>();
    return kinds[number]->remake(content);
}

} // namespace

void put_error(encoder& out, const std::exception_ptr& thrown)
{
    put_at_depth(out, thrown, 0);
}

std::exception_ptr get_error(decoder& in)
{
    return get_at_depth(in, 0);
}

} // namespace simul::detail
