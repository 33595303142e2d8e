// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/io/address.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unordered_set>
#include <vector>

using simul::address;
using simul::address_family;

namespace {

std::string refusal(std::string_view text)
{
    try {
        return "no error, but " + address::parse(text).text();
    } catch (const simul::error& refused) {
        EXPECT_EQ(refused.code(), std::errc::invalid_argument);
        return refused.what();
    }
}

TEST(Address, ReadsWhatItWrites)
{
    for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[2001:db8::2]:443",
                             "[::ffff:192.0.2.1]:7", "[fe80::1%7]:80", "unix:/run/x.sock", "unix:x", "unix:@name"})
        EXPECT_EQ(address::parse(text).text(), text);
}

TEST(Address, HasTheirParts)
{
    const address four = address::parse("192.0.2.1:8080");
    EXPECT_EQ(four.family(), address_family::ipv4);
    EXPECT_EQ(four.host(), "192.0.2.1");
    EXPECT_EQ(four.port(), 8080);
    EXPECT_EQ(four.path(), "");
    EXPECT_TRUE(four.is_ip());

    const address six = address::parse("[fe80::1%7]:443");
    EXPECT_EQ(six.family(), address_family::ipv6);
    EXPECT_EQ(six.host(), "fe80::1%7");
    EXPECT_EQ(six.port(), 443);

    const address local = address::parse("unix:/run/x.sock");
    EXPECT_EQ(local.family(), address_family::unix_);
    EXPECT_EQ(local.host(), "");
    EXPECT_EQ(local.port(), 0);
    EXPECT_EQ(local.path(), "/run/x.sock");
    EXPECT_FALSE(local.is_ip());

    const address nowhere;
    EXPECT_EQ(nowhere.family(), address_family::none);
    EXPECT_EQ(nowhere.text(), "nowhere");
    EXPECT_EQ(nowhere.host(), "");
    EXPECT_EQ(nowhere.path(), "");
    EXPECT_EQ(nowhere.size(), 0u);
}

TEST(Address, MeansAllAddressesByAStarOrNothing)
{
    for (const char* text : {"*:8080", ":8080", "[::]:8080"}) {
        EXPECT_EQ(address::parse(text), address::any(8080)) << text;
        EXPECT_TRUE(address::parse(text).is_any()) << text;
    }
    EXPECT_TRUE(address::parse("0.0.0.0:1").is_any());
    EXPECT_FALSE(address::parse("[::1]:8080").is_any());
    EXPECT_FALSE(address::parse("unix:/x").is_any());
}

TEST(Address, SaysWhatIsWrongWithAText)
{
    EXPECT_EQ(refusal("127.0.0.1"), "address \"127.0.0.1\": it has no port, as in \"127.0.0.1:80\" or \"[::1]:80\"");
    EXPECT_EQ(refusal(""), "address \"\": it has no port, as in \"127.0.0.1:80\" or \"[::1]:80\"");
    EXPECT_EQ(refusal("[::1]"), "address \"[::1]\": it has no port, as in \"127.0.0.1:80\" or \"[::1]:80\"");
    EXPECT_EQ(refusal("::1:80"),
              "address \"::1:80\": an IPv6 address with a port is written in brackets, as in \"[::1]:80\"");
    for (const std::string port : {"", "x", "-1", "+1", " 80", "80 ", "65536", "99999999999999999999", "0x50"})
        EXPECT_EQ(refusal("127.0.0.1:" + port),
                  "address \"127.0.0.1:" + port + "\": the port is not a number from 0 to 65535");
    for (const std::string host : {"localhost", "127.1", "010.0.0.1", "1.2.3.4.5", "256.1.1.1", "[::1", "[127.0.0.1]",
                                   "[]", "[::g]", "[::1%]", "[::1%no-such-interface]", "[fe80::1%0]", "1.2.3.4%1"})
        EXPECT_EQ(refusal(host + ":80"),
                  "address \"" + host + ":80\": the host is no IP address (names are for dns::resolve)");
    EXPECT_EQ(refusal("unix:"), "address \"unix:\": it has no path");
    EXPECT_EQ(refusal("unix:@"), "address \"unix:@\": it has no path");
    const std::string long_path(108, 'p');
    EXPECT_EQ(refusal("unix:" + long_path), "address \"unix:" + long_path + "\": the path is longer than 107 bytes");
    EXPECT_THROW(address::unix_path(std::string_view("a\0b", 3)), simul::error);
}

TEST(Address, OfALiteralNeverLooksUpAName)
{
    EXPECT_EQ(address::ip("127.0.0.1", 80), address::parse("127.0.0.1:80"));
    EXPECT_EQ(address::ip("::1", 80), address::parse("[::1]:80"));
    EXPECT_EQ(address::ip("[::1]", 80), address::parse("[::1]:80"));
    EXPECT_EQ(address::try_ip("localhost", 80), std::nullopt);
    EXPECT_EQ(address::try_ip(std::string(1000, '1'), 80), std::nullopt);
    EXPECT_EQ(address::try_ip("fe80::1%" + std::string(1000, 'e'), 80), std::nullopt);
    try {
        address::ip("localhost", 80);
        ADD_FAILURE();
    } catch (const simul::error& refused) {
        EXPECT_STREQ(refused.what(), "address \"localhost\": it is no IP address (names are for dns::resolve)");
    }
}

TEST(Address, TakesAnInterfaceByItsName)
{
    char name[IF_NAMESIZE];
    if (!::if_indextoname(1, name))
        GTEST_SKIP() << "there is no interface 1 here";
    EXPECT_EQ(address::ip(std::string("fe80::1%") + name, 80).host(), "fe80::1%1");
}

TEST(Address, KnowsThisMachine)
{
    for (const char* text : {"127.0.0.1:1", "127.255.0.3:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "unix:/x", "unix:@x"})
        EXPECT_TRUE(address::parse(text).is_loopback()) << text;
    for (const char* text : {"128.0.0.1:1", "[::2]:1", "[::ffff:10.0.0.1]:1", "*:1"})
        EXPECT_FALSE(address::parse(text).is_loopback()) << text;
    EXPECT_FALSE(address().is_loopback());
}

TEST(Address, ChangesItsPort)
{
    EXPECT_EQ(address::parse("127.0.0.1:0").with_port(99).text(), "127.0.0.1:99");
    EXPECT_EQ(address::parse("[fe80::1%3]:0").with_port(99).text(), "[fe80::1%3]:99");
    EXPECT_THROW(address::parse("unix:/x").with_port(1), simul::error);
    EXPECT_THROW(address().with_port(1), simul::error);
}

TEST(Address, IsOrderedByFamilyHostAndPort)
{
    const char* const sorted[] = {"9.0.0.1:80",    "9.0.0.1:256", "10.0.0.1:1", "[::1]:2", "[fe80::1%1]:9",
                                  "[fe80::1%2]:1", "unix:@a",     "unix:/a",    "unix:/b"};
    std::vector<address> addresses = {address()};
    for (const char* text : sorted)
        addresses.push_back(address::parse(text));
    EXPECT_TRUE(std::ranges::is_sorted(addresses));
    for (std::size_t i = 0; i < addresses.size(); ++i)
        for (std::size_t j = 0; j < addresses.size(); ++j) {
            EXPECT_EQ(addresses[i] == addresses[j], i == j);
            EXPECT_EQ(addresses[i] < addresses[j], i < j);
        }
    const std::unordered_set<address> set(addresses.begin(), addresses.end());
    EXPECT_EQ(set.size(), addresses.size());
    EXPECT_TRUE(set.contains(address::parse("[::1]:2")));
}

TEST(Address, GoesThroughTheSystemsForm)
{
    for (const char* text : {"127.0.0.1:80", "[fe80::1%7]:80", "unix:/run/x.sock", "unix:@name"}) {
        const address before = address::parse(text);
        EXPECT_EQ(address::from_native(before.data(), before.size()), before);
    }
    EXPECT_EQ(address::from_native(address().data(), 0), address());
}

TEST(Address, IgnoresWhatDoesNotNameAPlace)
{
    sockaddr_in native = {};
    native.sin_family = AF_INET;
    native.sin_port = htons(80);
    native.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    native.sin_zero[3] = 7;
    EXPECT_EQ(address::from_native(reinterpret_cast<sockaddr*>(&native), sizeof native),
              address::parse("127.0.0.1:80"));

    sockaddr_un path = {};
    path.sun_family = AF_UNIX;
    path.sun_path[0] = 'x';
    EXPECT_EQ(address::from_native(reinterpret_cast<sockaddr*>(&path), sizeof path), address::unix_path("x"));
    const address unnamed = address::from_native(reinterpret_cast<sockaddr*>(&path), sizeof path.sun_family);
    EXPECT_EQ(unnamed.family(), address_family::unix_);
    EXPECT_EQ(unnamed.text(), "unix:");
    std::fill_n(path.sun_path, sizeof path.sun_path, 'x'); // no 0 at its end, as Linux allows
    EXPECT_EQ(address::from_native(reinterpret_cast<sockaddr*>(&path), sizeof path).path(), std::string(108, 'x'));
}

TEST(Address, OfAnotherFamilyIsRefused)
{
    const sockaddr other = {.sa_family = AF_NETLINK, .sa_data = {}};
    EXPECT_THROW(address::from_native(&other, sizeof other), simul::error);
    const sockaddr cut = {.sa_family = AF_INET6, .sa_data = {}};
    EXPECT_THROW(address::from_native(&cut, sizeof cut), simul::error);
}

TEST(Address, IsFormattedAsText)
{
    EXPECT_EQ(fmt::format("{:>14}|{}", address::parse("127.0.0.1:80"), address::any(1)), "  127.0.0.1:80|[::]:1");
}

} // namespace
