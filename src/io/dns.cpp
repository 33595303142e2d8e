// SPDX-License-Identifier: MIT
//
// What a loop knows of names: its resolver, the questions under way, and the answers of late. A question is a spawned
// task that all who ask it hold together; when the last has left, it is cancelled with its future.
#include "run/loop_parts.hpp"
#include "run/one_per_process.hpp"

#include <simul/io/dns.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <netdb.h>
#include <optional>
#include <sys/socket.h>
#include <tuple>

namespace simul::dns {
namespace {

constexpr duration kept_for = std::chrono::seconds(10);
constexpr std::size_t most_kept = 1000;

/// So many threads may wait for slow servers; the others of `to_thread` are for other jobs.
struct system_slots {
    semaphore free{16};
    void close() noexcept {}
};

class category final : public std::error_category {
public:
    const char* name() const noexcept override { return "lookup"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
};

lookup_error failed(std::string_view host, int code)
{
    return {{code, lookup_category()}, "resolve " + std::string(host) + ": " + ::gai_strerror(code)};
}

lookup_error of_no_such_family(std::string_view host, address_family wanted)
{
    return {{EAI_ADDRFAMILY, lookup_category()},
            "resolve " + std::string(host) + ": it has no " + (wanted == address_family::ipv4 ? "IPv4" : "IPv6") +
                " address"};
}

// ---- the system

struct system_answer {
    std::vector<address> found;
    int code = 0;     ///< EAI_*
    int os_error = 0; ///< of EAI_SYSTEM
};

system_answer ask_system_and_wait(const std::string& host, address_family family)
{
    addrinfo wanted = {};
    wanted.ai_family = family == address_family::none ? AF_UNSPEC : family == address_family::ipv4 ? AF_INET : AF_INET6;
    wanted.ai_socktype = SOCK_STREAM; // each address once, and not once for each kind of socket
    addrinfo* list = nullptr;
    system_answer answer;
    answer.code = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list);
    if (answer.code != 0) {
        answer.os_error = errno;
        return answer;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    for (const addrinfo* each = list; each; each = each->ai_next)
        answer.found.push_back(address::from_native(each->ai_addr, each->ai_addrlen));
    return answer;
}

task<std::vector<address>> ask_system(std::string host, address_family family)
{
    permit slot = co_await simul::detail::one_per_process<system_slots>::here().free.acquire();
    // The job keeps the slot, for it goes on when nobody wants its answer any more.
    auto job = to_thread([host, family, kept = std::move(slot)] { return ask_system_and_wait(host, family); });
    system_answer answer = co_await shield(job);
    if (answer.code == EAI_SYSTEM)
        throw lookup_error({answer.os_error, std::generic_category()},
                           "resolve " + host + ": " + std::generic_category().message(answer.os_error));
    if (answer.code != 0)
        throw failed(host, answer.code);
    co_return std::move(answer.found);
}

// ---- what a loop knows

struct question {
    std::string host;
    address_family family;

    bool operator<(const question& other) const noexcept
    {
        return std::tie(host, family) < std::tie(other.host, other.family);
    }
};

/// A value, not an exception: what nobody waits for any more must not be reported.
struct answer {
    std::vector<address> found;
    std::exception_ptr failure;
};

/// A host may stand in a file twice.
void drop_repeated(std::vector<address>& found)
{
    auto kept = found.begin();
    for (const address& each : found)
        if (std::find(found.begin(), kept, each) == kept)
            *kept++ = each;
    found.erase(kept, found.end());
}

task<answer> ask(std::shared_ptr<detail::resolver> resolver, question asked)
{
    answer given;
    try {
        given.found = co_await (resolver ? resolver->ask(asked.host) : ask_system(asked.host, asked.family));
        drop_repeated(given.found);
        if (asked.family != address_family::none)
            std::erase_if(given.found, [&](const address& each) { return each.family() != asked.family; });
        if (given.found.empty())
            throw asked.family == address_family::none ? lookup_error::not_found(asked.host)
                                                       : of_no_such_family(asked.host, asked.family);
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        given.failure = std::current_exception();
    }
    co_return given;
}

class directory {
public:
    static std::shared_ptr<directory> here();

    explicit directory(std::shared_ptr<detail::resolver> resolver) : resolver_(std::move(resolver)) {}

    bool asks_system() const noexcept { return !resolver_; }
    /// Null when it isn't known.
    const std::vector<address>* known(const question& asked) const;
    std::shared_ptr<future<answer>> ask_once(const question& asked);
    void remember(const question& asked, const std::vector<address>& found);

private:
    struct kept {
        std::vector<address> found;
        time_point until;
    };

    std::shared_ptr<detail::resolver> resolver_;
    std::map<question, std::weak_ptr<future<answer>>> under_way_;
    std::map<question, kept> kept_;
    std::deque<question> by_age_; ///< what is kept, the oldest first
};

class host_table final : public detail::resolver {
public:
    explicit host_table(const std::map<std::string, std::vector<std::string>>& hosts)
    {
        for (const auto& [host, literals] : hosts)
            for (const std::string& literal : literals)
                hosts_[host].push_back(address::ip(literal, 0));
    }
    task<std::vector<address>> ask(std::string host) override
    {
        const auto found = hosts_.find(host);
        if (found == hosts_.end())
            throw lookup_error::not_found(host, "to dns::use_hosts");
        co_return found->second;
    }

private:
    std::map<std::string, std::vector<address>> hosts_;
};

std::shared_ptr<void>& place_of_directory()
{
    static const char key = 0;
    return loop::current().internals().belongings[&key];
}

std::shared_ptr<directory> directory::here()
{
    std::shared_ptr<void>& place = place_of_directory();
    if (!place) {
        const bool simulated = loop::current().backend_name() == "sim";
        const std::map<std::string, std::vector<std::string>> itself = {{"localhost", {"127.0.0.1", "::1"}}};
        place = std::make_shared<directory>(simulated ? std::make_shared<host_table>(itself) : nullptr);
    }
    return std::static_pointer_cast<directory>(place);
}

const std::vector<address>* directory::known(const question& asked) const
{
    const auto found = kept_.find(asked);
    return found != kept_.end() && loop::current().now() < found->second.until ? &found->second.found : nullptr;
}

std::shared_ptr<future<answer>> directory::ask_once(const question& asked)
{
    if (const auto same = under_way_.find(asked); same != under_way_.end())
        if (auto shared = same->second.lock(); shared && !shared->done())
            return shared;
    std::erase_if(under_way_, [](const auto& each) { return each.second.expired(); });
    auto started = std::make_shared<future<answer>>(spawn(ask(resolver_, asked)));
    started->rename("resolve " + asked.host);
    under_way_[asked] = started;
    return started;
}

void directory::remember(const question& asked, const std::vector<address>& found)
{
    const time_point now = loop::current().now();
    while (!by_age_.empty() && (by_age_.size() >= most_kept || kept_.at(by_age_.front()).until <= now)) {
        kept_.erase(by_age_.front());
        by_age_.pop_front();
    }
    if (kept_.try_emplace(asked, kept{found, now + kept_for}).second)
        by_age_.push_back(asked);
}

std::vector<address> with_port(std::vector<address> found, std::uint16_t port)
{
    for (address& each : found)
        each = each.with_port(port);
    return found;
}

std::optional<std::uint16_t> port_in_digits(const std::string& service)
{
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(service.data(), service.data() + service.size(), port);
    const bool all = problem == std::errc() && end == service.data() + service.size();
    return all ? std::optional(port) : std::nullopt;
}

/// 0 when the system doesn't know it. Reads files, and whatever else nsswitch.conf says.
std::uint16_t port_of_service(const std::string& service)
{
    servent entry;
    servent* found = nullptr;
    std::vector<char> room(8192);
    if (::getservbyname_r(service.c_str(), nullptr, &entry, room.data(), room.size(), &found) != 0 || !found)
        return 0;
    const auto in_network_order = static_cast<std::uint16_t>(found->s_port);
    return static_cast<std::uint16_t>(in_network_order >> 8 | in_network_order << 8);
}

} // namespace

lookup_error lookup_error::not_found(std::string_view host, std::string_view remark)
{
    lookup_error plain = failed(host, EAI_NONAME);
    return remark.empty() ? plain : lookup_error(plain.code(), std::string(plain.what()) + " " + std::string(remark));
}

bool lookup_error::temporary() const noexcept
{
    return code() == std::error_code(EAI_AGAIN, lookup_category());
}

const std::error_category& lookup_category() noexcept
{
    static const category only;
    return only;
}

task<std::vector<address>> resolve(std::string host, std::uint16_t port, lookup_options options)
{
    if (options.family == address_family::unix_)
        throw error(std::errc::invalid_argument, "resolve " + host + ": hosts have no Unix addresses");
    if (const auto literal = address::try_ip(host, port)) {
        if (options.family != address_family::none && literal->family() != options.family)
            throw of_no_such_family(host, options.family);
        co_return std::vector{*literal};
    }
    if (host.empty() || host.find('\0') != host.npos)
        throw lookup_error::not_found(host);

    std::ranges::transform(host, host.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const question asked{std::move(host), options.family};
    const std::shared_ptr<directory> names = directory::here();
    if (const auto* const known = names->known(asked))
        co_return with_port(*known, port);

    const auto shared = names->ask_once(asked);
    const answer& given = co_await shield(*shared);
    if (given.failure)
        std::rethrow_exception(given.failure);
    names->remember(asked, given.found);
    co_return with_port(given.found, port);
}

task<std::vector<address>> resolve(std::string host, std::string service, lookup_options options)
{
    std::uint16_t port = 0;
    if (const auto given = port_in_digits(service)) {
        port = *given;
    } else if (directory::here()->asks_system()) {
        auto job = to_thread(port_of_service, service);
        port = co_await shield(job);
    }
    if (port == 0 && service != "0")
        throw lookup_error({EAI_SERVICE, lookup_category()},
                           "resolve " + host + ": the service \"" + service + "\" is not known");
    co_return co_await resolve(std::move(host), port, options);
}

std::vector<address> interleave(std::vector<address> found)
{
    if (found.empty())
        return found;
    const address_family first = found.front().family();
    std::vector<address> others;
    std::vector<address> mixed;
    std::ranges::copy_if(found, std::back_inserter(others),
                         [&](const address& each) { return each.family() != first; });
    std::erase_if(found, [&](const address& each) { return each.family() != first; });
    for (std::size_t i = 0; i < std::max(found.size(), others.size()); ++i) {
        if (i < found.size())
            mixed.push_back(found[i]);
        if (i < others.size())
            mixed.push_back(others[i]);
    }
    return mixed;
}

void detail::use(std::shared_ptr<resolver> instead)
{
    place_of_directory() = std::make_shared<directory>(std::move(instead));
}

void use_hosts(const std::map<std::string, std::vector<std::string>>& hosts)
{
    detail::use(std::make_shared<host_table>(hosts));
}

void use_system()
{
    detail::use(nullptr);
}

} // namespace simul::dns
