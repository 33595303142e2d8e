// SPDX-License-Identifier: MIT
//
// "hello world", as other languages say it: simul/run/elsewhere.hpp has their words.
#include <fmt/core.h>
#include <simul/simul.hpp>

#include <string>
using simul::task;

void print(std::string text) { fmt::print("{}\n", text); }
task<std::string> say(std::string text) { co_return text; }

task<> go() // a goroutine and a channel
{
    simul::channel<std::string> messages;
    simul::go([&]() -> task<> { co_await messages.send("Go: hello world"); });
    print(*co_await messages.receive());
}

task<> javascript() // promises, and `await` of one
{
    auto promise = simul::then(simul::spawn(say("JavaScript: hello world")), print);
    co_await simul::finally(std::move(promise), [] { fmt::print("JavaScript: finally\n"); });
}

task<> csharp() // await Task.WhenAll(...)
{
    simul::future<std::string> words[] = {simul::spawn(say("C#: hello")), simul::spawn(say("world"))};
    const auto both = co_await simul::when_all(words);
    print(both[0] + " " + both[1]);
}

task<> rust() // futures are lazy; a JoinHandle gives a Result
{
    simul::join_handle hello(simul::spawn(say("Rust: hello world")));
    simul::result<std::string> joined = co_await hello.join();
    print(joined.value());
}

task<> java() // a CompletableFuture, completed by somebody else
{
    simul::completable<std::string> hello;
    auto printed = simul::then(hello.as_future(), print);
    hello.complete("Java: hello world");
    co_await printed;
}

void ea_async() // Java's ea-async: await in plain methods
{
    print(simul::await(say("Java, ea-async: hello world")));
}

int main()
{
    for (auto language : {go, javascript, csharp, rust, java})
        simul::block_on(language());
    simul::block_on(simul::fiber(ea_async));

    auto fsharp = say("F#: hello world"); // cold: nothing happens yet
    print(simul::block_on(std::move(fsharp)));

    const auto future = simul::unsync([] { return std::string("Ruby: hello"); }); // Concurrent::Promises
    print(future().then([](std::string text) { return text + " world"; }).result());
}
