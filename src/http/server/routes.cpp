// SPDX-License-Identifier: MIT
#include "routes.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <utility>

namespace simul::http::detail {
namespace {

/// The methods of a path where the one asked for has no handler.
struct allowed_methods {
    std::string list;
};

class not_found final : public handler {
public:
    task<response> answer(request&) override { return as_response(http::answer(status::not_found).response()); }
};

class bad_path final : public handler {
public:
    task<response> answer(request&) override
    {
        return as_response(response(status::bad_request, "400 Bad Request: the path can't be understood\n"));
    }
};

class not_allowed final : public handler {
public:
    task<response> answer(request& asked) override
    {
        const bool asks_what_is = asked.method() == method::options;
        return as_response(http::answer(asks_what_is ? status::no_content : status::method_not_allowed, {},
                                        {{"Allow", asked.attached<allowed_methods>()->list}})
                               .response());
    }
};

not_found nothing_there;
bad_path no_path;
not_allowed other_methods;

[[noreturn]] void refuse(std::string_view pattern, const char* why)
{
    throw error(std::errc::invalid_argument, "HTTP: the route \"" + std::string(pattern) + "\": " + why);
}

} // namespace

struct routes::endpoint {
    http::method known = method::other;
    std::string method; // empty: any
    std::string pattern;
    std::vector<std::string> names; // of its parameters
    std::unique_ptr<handler> to;
    scope* within = nullptr;
};

/// After some parts of a path.
struct routes::node {
    std::string text; // that led here
    std::vector<std::unique_ptr<node>> texts; // by that
    std::unique_ptr<node> number, name, rest;
    std::vector<endpoint> endpoints; // of paths that end here
    scope* mounted = nullptr;        // whose 404 it is below

    /// Where it is, or belongs.
    auto position_of(std::string_view part) const noexcept
    {
        return std::ranges::lower_bound(texts, part, {},
                                        [](const auto& each) -> std::string_view { return each->text; });
    }
    node* find(std::string_view part) const noexcept
    {
        const auto at = position_of(part);
        return at != texts.end() && (*at)->text == part ? at->get() : nullptr;
    }
    node& child(std::string_view part)
    {
        if (node* const there = find(part))
            return *there;
        auto made = std::make_unique<node>();
        made->text = part;
        return **texts.insert(position_of(part), std::move(made));
    }
    void add(endpoint made)
    {
        for (const endpoint& each : endpoints)
            if (each.method == made.method)
                throw invalid_state("HTTP: " + (made.method.empty() ? "any method" : made.method) + " of \"" + made.pattern +
                                    "\" has a handler already");
        endpoints.push_back(std::move(made));
    }
};

/// Looks for what a request goes to. Of several ways, the first in the order of precedence that leads to its method.
class routes::search {
public:
    search(const request& of, const path_parts& parts, path_parts& values, scope& outermost) noexcept
        : asked_(of), parts_(parts), values_(values), nearest_(&outermost)
    {
        values_.clear();
    }

    const endpoint* from(const node& here, std::size_t at)
    {
        if (here.mounted && at >= nearest_at_) {
            nearest_ = here.mounted;
            nearest_at_ = at;
        }
        if (at == parts_.size())
            return choose(here);
        const std::string_view part = parts_[at];
        if (const node* const text = here.find(part))
            if (const endpoint* const found = from(*text, at + 1))
                return found;
        if (here.number && signed_number(part))
            if (const endpoint* const found = with(part, *here.number, at + 1))
                return found;
        if (here.name && !part.empty())
            if (const endpoint* const found = with(part, *here.name, at + 1))
                return found;
        if (!here.rest)
            return nullptr;
        const std::string_view path = asked_.path();
        return with(path.substr(static_cast<std::size_t>(part.data() - path.data())), *here.rest, parts_.size());
    }

    scope& nearest() const noexcept { return *nearest_; }
    /// "GET, HEAD, OPTIONS"; empty when nothing is there.
    std::string allowed()
    {
        if (others_.empty())
            return {};
        if (std::ranges::count(others_, "GET") > 0)
            note_other("HEAD");
        note_other("OPTIONS");
        std::string list;
        for (const std::string_view each : others_)
            list.append(list.empty() ? "" : ", ").append(each);
        return list;
    }

private:
    const endpoint* with(std::string_view value, const node& behind, std::size_t at)
    {
        values_.push_back(value);
        const endpoint* const found = from(behind, at);
        if (!found)
            values_.pop_back();
        return found;
    }
    const endpoint* choose(const node& here)
    {
        const endpoint* any = nullptr;
        const endpoint* get = nullptr;
        for (const endpoint& each : here.endpoints) {
            if (each.method.empty())
                any = &each;
            else if (each.known == asked_.method() && (each.known != method::other || each.method == asked_.method_name()))
                return &each;
            else if (each.known == method::get && asked_.method() == method::head)
                get = &each;
        }
        if (get || any)
            return get ? get : any;
        for (const endpoint& each : here.endpoints)
            note_other(each.method);
        return nullptr;
    }
    void note_other(std::string_view method)
    {
        if (std::ranges::count(others_, method) == 0)
            others_.push_back(method);
    }

    const request& asked_;
    const path_parts& parts_;
    path_parts& values_;
    scope* nearest_;
    std::size_t nearest_at_ = 0;
    std::vector<std::string_view> others_; // methods that the path has
};

routes::routes() : top_(std::make_unique<node>())
{
    scopes_.push_back(std::make_unique<scope>());
}

routes::~routes() = default;

void routes::check_open() const
{
    if (serving_ > 0)
        throw invalid_state("HTTP: the router serves already; add routes and middleware before");
}

routes::node& routes::reach(std::string_view pattern, std::vector<std::string>& names)
{
    if (!pattern.empty() && !pattern.starts_with('/'))
        refuse(pattern, "it doesn't begin with \"/\"");
    node* here = top_.get();
    for (std::string_view left = pattern; !left.empty();) {
        left.remove_prefix(1);
        const std::string_view part = left.substr(0, left.find('/'));
        left.remove_prefix(part.size());
        if (part.find_first_of("{}") == std::string_view::npos) {
            here = &here->child(part);
            continue;
        }
        if (part.size() < 3 || part.front() != '{' || part.find_first_of("{}", 1) != part.size() - 1)
            refuse(pattern, "a parameter is all between two slashes: \"/user/{id}\"");
        std::string_view name = part.substr(1, part.size() - 2);
        std::unique_ptr<node>* behind = &here->name;
        if (name.ends_with("...")) {
            name.remove_suffix(3);
            behind = &here->rest;
            if (!left.empty())
                refuse(pattern, "something behind the rest");
        } else if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
            if (name.substr(colon) != ":int")
                refuse(pattern, "of types there is int: \"{id:int}\"");
            name = name.substr(0, colon);
            behind = &here->number;
        }
        if (name.empty())
            refuse(pattern, "a parameter without a name");
        if (std::ranges::count(names, name) > 0)
            refuse(pattern, "two parameters of one name");
        names.emplace_back(name);
        if (!*behind)
            *behind = std::make_unique<node>();
        here = behind->get();
    }
    return *here;
}

void routes::add(std::string_view method, std::string_view pattern, std::unique_ptr<handler> made)
{
    check_open();
    if (!method.empty() && !is_method_name(method))
        refuse(pattern, "a method that is no word");
    endpoint to{.known = method.empty() ? http::method::other : method_of(method),
                .method = std::string(method),
                .pattern = std::string(pattern),
                .names = {},
                .to = std::move(made),
                .within = scopes_.front().get()};
    node& at = reach(pattern, to.names);
    at.add(std::move(to));
}

void routes::add(std::unique_ptr<middleware> made)
{
    check_open();
    scopes_.front()->own.push_back(std::move(made));
}

void routes::merge(node& into, node&& from, const std::string& prefix, const std::vector<std::string>& names)
{
    for (endpoint& each : from.endpoints) {
        each.pattern.insert(0, prefix);
        each.names.insert(each.names.begin(), names.begin(), names.end());
        into.add(std::move(each));
    }
    if (from.mounted)
        into.mounted = from.mounted;
    for (const auto& each : from.texts)
        merge(into.child(each->text), std::move(*each), prefix, names);
    const auto merge_one = [&](std::unique_ptr<node>& one, std::unique_ptr<node>& other) {
        if (!other)
            return;
        if (!one)
            one = std::make_unique<node>();
        merge(*one, std::move(*other), prefix, names);
    };
    merge_one(into.number, from.number);
    merge_one(into.name, from.name);
    merge_one(into.rest, from.rest);
}

void routes::mount(std::string_view prefix, routes& sub)
{
    check_open();
    sub.check_open();
    if (prefix.ends_with('/'))
        prefix.remove_suffix(1);
    std::vector<std::string> names;
    node& at = reach(prefix, names);
    if (!sub.top_->mounted)
        sub.top_->mounted = sub.scopes_.front().get();
    sub.scopes_.front()->outer = scopes_.front().get();
    merge(at, std::move(*sub.top_), std::string(prefix), names);
    std::ranges::move(sub.scopes_, std::back_inserter(scopes_));
}

void routes::freeze()
{
    if (serving_++ > 0)
        return;
    for (const auto& each : scopes_) {
        each->all.clear();
        for (const scope* at = each.get(); at; at = at->outer)
            for (std::size_t i = at->own.size(); i-- > 0;)
                each->all.push_back(at->own[i].get());
        std::ranges::reverse(each->all);
    }
}

next routes::find(request& of, const path_parts& parts, path_parts& values) const
{
    search wanted(of, parts, values, *scopes_.front());
    if (const endpoint* const found = wanted.from(*top_, 0)) {
        request_maker::set_route(of, found->pattern, found->names, values);
        return {found->within->all, *found->to};
    }
    std::string allowed = wanted.allowed();
    handler* instead = &nothing_there;
    if (!allowed.empty()) {
        of.attach(allowed_methods{std::move(allowed)});
        instead = &other_methods;
    }
    return {wanted.nearest().all, *instead};
}

next routes::refuse_path() const
{
    return {scopes_.front()->all, no_path};
}

} // namespace simul::http::detail

namespace simul::http {

task<response> next::respond(next from, request& asked)
{
    try {
        co_return co_await from.call(asked);
    } catch (const answer& given) {
        co_return given.response();
    }
}

router::router() : routes_(std::make_unique<detail::routes>())
{
}
router::router(router&& other) noexcept = default;
router& router::operator=(router&& other) noexcept = default;
router::~router() = default;

void router::add(std::string_view method, std::string_view pattern, std::unique_ptr<detail::handler> made)
{
    routes_->add(method, pattern, std::move(made));
}

void router::add(std::unique_ptr<detail::middleware> made)
{
    routes_->add(std::move(made));
}

void router::mount(std::string_view prefix, router sub)
{
    routes_->mount(prefix, *sub.routes_);
}

} // namespace simul::http
