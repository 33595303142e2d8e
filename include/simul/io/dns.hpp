// SPDX-License-Identifier: MIT
//
// dns: where a host is.
//
//     for (const simul::address& at : co_await simul::dns::resolve("example.org", 443))
//         fmt::print("{}\n", at);
//
// The system is asked (getaddrinfo: /etc/hosts, DNS, whatever nsswitch.conf says), in a thread of `to_thread`; the
// loop goes on meanwhile. Who asks for the same host at the same time shares one question. An answer is kept for
// 10 s, a failure is not. An address in letters, "127.0.0.1" or "[::1]", is never looked up.
//
// In virtual time nothing real is asked: tests say who is where.
//
//     simul::dns::use_hosts({{"example.org", {"192.0.2.1", "2001:db8::1"}}});
#pragma once

#include <simul/base/error.hpp>
#include <simul/io/address.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace simul::dns {

struct lookup_options {
    address_family family = address_family::none; ///< `ipv4` or `ipv6` only; `none`: both
};

/// A host that isn't known, or a system that can't say.
class lookup_error : public error {
public:
    using error::error;

    /// "resolve nowhere.invalid: Name or service not known"
    static lookup_error not_found(std::string_view host, std::string_view remark = {});

    /// It may work the next time: no server has answered.
    bool temporary() const noexcept;
};

/// Of the codes of `lookup_error`: getaddrinfo's EAI_*.
const std::error_category& lookup_category() noexcept;

/// Its addresses, the best first (RFC 6724), with that port; never none. A literal address gives itself.
/// *Cancel:* at once; the system's answer, if nobody else waits for it, is thrown away. *Throws:* `lookup_error`.
task<std::vector<address>> resolve(std::string host, std::uint16_t port, lookup_options options = {});
/// The port as text: "443", or a name that the system knows, "https".
task<std::vector<address>> resolve(std::string host, std::string service, lookup_options options = {});

/// The same addresses, the families in turn, in the order in which they are to be tried (RFC 8305).
std::vector<address> interleave(std::vector<address> found);

namespace detail {

class resolver {
public:
    virtual ~resolver() = default;
    virtual task<std::vector<address>> ask(std::string host) = 0;
};

/// For this loop; null: the system.
void use(std::shared_ptr<resolver> instead);

} // namespace detail

/// On this loop, from now on: a table of hosts and their addresses, and nobody else is known. On the sim backend that
/// is how it begins, with "localhost" alone.
void use_hosts(const std::map<std::string, std::vector<std::string>>& hosts);

/// On this loop, from now on: `fn(host)`, a `task<std::vector<address>>`, is asked for every name. Throwing is its
/// way to say no: `lookup_error::not_found(host)`. Ports don't matter.
template <class Fn>
    requires std::same_as<std::invoke_result_t<Fn&, std::string>, task<std::vector<address>>>
void use_resolver(Fn fn)
{
    struct asked final : detail::resolver {
        explicit asked(Fn given) : fn(std::move(given)) {}
        task<std::vector<address>> ask(std::string host) override { return fn(std::move(host)); }
        Fn fn;
    };
    detail::use(std::make_shared<asked>(std::move(fn)));
}

/// On this loop, from now on: the system, also in virtual time.
void use_system();

} // namespace simul::dns
