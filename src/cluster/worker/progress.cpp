// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include "../request.hpp"

#include <simul/base/error.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/run/block_on.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr std::size_t longest = 1024 * 1024; // of a message
constexpr duration patience = std::chrono::seconds(10);

struct written_note {
    std::string word;
    std::string id;
    json::value state;
};

task<> send(std::string path, std::string text)
{
    stream to = co_await unix_::connect(std::move(path));
    co_await to.write(text);
    co_await to.close();
}
task<> send_if_possible(std::string path, std::string text)
{
    try {
        co_await timeout(patience, send(std::move(path), std::move(text)));
    } catch (const error&) { // the worker is about to end
    }
}

} // namespace

progress_notes::progress_notes() : word_(new_id())
{
    const std::string path = "@simul-worker-" + new_id();
    door_ = unix_::listen(path);
    address_ = path + ' ' + word_;
}

task<progress_note> progress_notes::next()
{
    co_return co_await notes_.get();
}

task<> progress_notes::receive()
{
    co_await with_group([this](group& peers) -> task<> {
        for (;;)
            peers.spawn(receive_one(co_await door_.accept()));
    });
}

task<> progress_notes::receive_one(stream peer)
{
    try {
        const std::string text = co_await timeout(patience, peer.read_all(longest));
        auto note = json::parse<written_note>(text);
        if (note.word == word_)
            add({std::move(note.id), std::move(note.state)});
    } catch (const error&) { // a stranger
    }
}

void running_in_process::progress(json::value state)
{
    const std::size_t space = to_.find(' ');
    if (space == std::string::npos)
        return;
    std::string path = to_.substr(0, space);
    std::string text = json::dump(written_note{to_.substr(space + 1), identity.id, std::move(state)});
    auto message = send_if_possible(std::move(path), std::move(text));
    if (executor::current())
        spawn(std::move(message)).detach(); // a function may run a loop of its own
    else
        block_on(std::move(message));
}

} // namespace simul::cluster::detail
