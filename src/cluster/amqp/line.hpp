// SPDX-License-Identifier: MIT
//
// A connection that channels share: what they say in one turn of the loop goes out in one write, in that order, and while
// much is published, what they say in 2 ms; what comes is dealt out by the number of the channel. A task of its own
// (`live`) reads and writes. When the connection is lost, so are its channels: to connect again is for those who know what
// is to be declared again.
//
// | | |
// |---|---|
// | spoken_ | something was said since the last beat: then a heartbeat isn't needed |
// | silence_ | beats, two in a heartbeat's time, since something came |
#pragma once

#include "channel_core.hpp"
#include "frame.hpp"
#include "link.hpp"
#include "settings.hpp"

#include <simul/io/stream.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include "io/talk.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster::amqp {

class line {
public:
    static std::shared_ptr<line> start(shared_settings to, link first);
    line(shared_settings to, link first);
    line(const line&) = delete;
    line& operator=(const line&) = delete;

    // ---- for channels

    /// *Throws:* `error` when all numbers are taken, or the line is over.
    std::shared_ptr<channel_core> add_channel();
    void remove_channel(std::uint16_t number) noexcept { channels_[number - 1U].reset(); }
    template <class Method> void send(std::uint16_t channel, const Method& what)
    {
        write_method(outgoing_, channel, what, link_.frame_max());
        wake();
    }
    /// For publications: call `wake_for_publication` then.
    bytes& outgoing() noexcept { return outgoing_; }
    std::uint32_t frame_max() const noexcept { return link_.frame_max(); }
    void wake_for_publication() noexcept;

    // ---- for its handle

    /// Set while more may be published: not too much waits to be sent, and the broker wants it.
    event& room() noexcept { return room_; }
    const std::string& blocked() const noexcept { return blocked_; }
    const std::string& peer() const noexcept { return to_->peer; }
    bool is_over() const noexcept { return over_; }
    /// Set when it is over.
    event& gone() noexcept { return gone_; }
    const ending& why() const noexcept { return ending_; }
    void check_home(std::string_view operation) const;

    task<> close();
    void end() noexcept;

private:
    friend simul::detail::until_task_ends<line>;

    task<> live(std::shared_ptr<line> self);
    task<> read();
    task<> read_on();
    task<> write();
    void wake() noexcept;
    bool is_busy() const noexcept;
    void handle(decoder::event what);
    void handle_method();
    void handle_own_method();
    channel_core& channel();
    void update_room() noexcept;
    void begin_to_beat();
    void beat();
    void finish(ending why) noexcept;
    void task_ended() noexcept;

    shared_settings to_;
    loop& home_;
    link link_;
    bytes outgoing_;
    std::size_t unsent_publications_ = 0; ///< in outgoing_
    event unsent_; ///< set: outgoing_ may have something
    event room_;
    std::string blocked_;                                 ///< why the broker takes no messages; empty: it does
    std::vector<std::shared_ptr<channel_core>> channels_; ///< by number, from 1; null: free
    bool spoken_ = false;
    int silence_ = 0;
    std::string problem_; ///< why it was aborted, when the stream doesn't know
    callback_handle beat_;
    bool closing_ = false;
    bool over_ = false;
    ending ending_{ending::by::us, "the connection was closed"};
    event gone_;
    future<> life_;
};

template <class Answer, class Method> future<bytes> channel_core::ask(std::string operation, const Method& what)
{
    check(operation);
    line_.send(number_, what);
    return questions_.emplace_back(std::move(operation), Answer::id).given.get_future();
}

template <class Answer, class Method> void channel_core::ask_ahead(std::string operation, const Method& what)
{
    ask<Answer>(std::move(operation), what).cancel(); // its place in the order stays
}

template <class Method> bool channel_core::tell(const Method& what)
{
    if (state_ != state::open)
        return false;
    line_.send(number_, what);
    return true;
}

} // namespace simul::cluster::amqp
