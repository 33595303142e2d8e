// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/run/fiber.hpp>
#include <simul/run/run.hpp>
#include <simul/text/html.hpp>
#include <simul/text/json.hpp>
#include <simul/text/url.hpp>

#include <cstdio>

int main()
{
    using namespace std::chrono_literals;
    const auto failure = std::make_exception_ptr(simul::error(std::errc::timed_out, "no answer"));
    std::puts(simul::describe(failure).c_str());
    // All that a static simul needs to be linked with.
    const int answer = simul::run(simul::fiber([] { return simul::await([]() -> simul::task<int> { co_return 42; }()); }));
    const auto page = simul::html::parse("<a href='http://b\u00fccher.example'>");
    const auto link = simul::url::parse(page.find("a")->attr("href").value());
    if (simul::json::parse<std::string>(simul::json::dump(link.host())) != "xn--bcher-kva.example")
        return 1;
    return answer == 42 && simul::to_duration(1.5s) == 1500ms ? 0 : 1;
}
