// SPDX-License-Identifier: MIT
//
// How a worker gets its messages.
//
//     push ──► watch, one for each list ──► take, one for all ──► ready_ ──► next
//              BLMOVE list list              claim_script
//
// A watch moves the last element of its list to where it is, which blocks while there is none, and takes nothing away. It asks
// only while `take` has found nothing, and has room; so a busy worker is not told of each push, and an idle one costs nothing.
// A list that isn't empty answers at once, so it doesn't matter what was pushed meanwhile. A server before 6.2 has no BLMOVE; there
// BRPOPLPUSH moves the last element to the front, so of what is pushed at once one may come a little later than it should.
//
// | state      | `take`                                 | the watches                                  |
// |------------|----------------------------------------|----------------------------------------------|
// | busy       | claims as much as it has room for      | wait for idle_, or still at the server       |
// | full       | waits for room_                        | the same                                     |
// | idle       | has set idle_, waits for pushed_       | at the server                                |
#pragma once

#include "link.hpp"

#include "../broker.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/queue.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace simul::cluster::redis {

class intake : public std::enable_shared_from_this<intake> {
public:
    intake(shared_link from, duration visibility_timeout);
    intake(const intake&) = delete;
    intake& operator=(const intake&) = delete;

    /// Further queues, and how many messages it has at most from now on.
    task<> consume(std::vector<std::string> queues, std::size_t prefetch);
    /// All when empty.
    void stop_consuming(std::string_view queue) noexcept;
    /// *Cancel:* has taken none. *Throws:* what the server said no to; it is asked again all the same.
    task<detail::delivery> next();
    /// It was answered for: there is room for another.
    void let_go(const std::string& tag);

    /// How often the connection was lost.
    std::uint64_t losses() const noexcept { return losses_; }

    /// Takes no more, and gives back what it has.
    task<> close();
    /// The same without giving back.
    void end() noexcept;

private:
    struct source {
        std::string queue;
        std::string tail; ///< of entries
        std::array<std::string, priority_steps.size()> lists;
        std::vector<future<>> watches;
    };
    /// A list as `take` sees it.
    struct place {
        std::string key;
        std::string queue;
        std::string tail;
    };
    struct taken {
        std::string tag;
        std::string queue;
        std::string envelope;
    };
    struct holding {
        std::uint64_t number; ///< in the order of taking
        bool given_out = false;
    };

    // What lives by a task of its own; each keeps this object.
    task<> take(std::shared_ptr<intake> self);
    task<> watch(std::shared_ptr<intake> self, std::string list);
    task<> keep(std::shared_ptr<intake> self);
    task<> sweep(std::shared_ptr<intake> self);

    task<bool> take_some();
    task<std::vector<taken>> claim(std::vector<place> places, std::vector<std::string> tags);
    task<std::vector<taken>> claimed_after_all(const std::vector<place>& places, std::vector<std::string> tags);
    task<> accept(std::vector<taken> all);
    detail::delivery make_delivery(const taken& from) const;
    std::vector<place> places_in_order();
    std::vector<std::string> new_tags(std::size_t count);
    task<bool> wait_for_push(std::string list);
    task<> say_what_is_here();
    bool has_room() const noexcept { return !sources_.empty() && held_.size() < prefetch_; }
    void report(std::exception_ptr problem);

    shared_link link_;
    const duration timeout_;
    const std::string name_; ///< tags begin with it

    std::vector<source> sources_;
    std::size_t prefetch_ = 0;
    std::size_t turn_ = 0; ///< which queue is asked first
    std::uint64_t last_tag_ = 0;
    std::uint64_t last_number_ = 0;
    std::unordered_map<std::string, holding> held_; ///< by tag
    queue<std::variant<detail::delivery, std::exception_ptr>> ready_;

    event room_;
    event idle_;
    event pushed_;
    event lost_; ///< the connection
    std::uint64_t losses_ = 0;
    bool is_old_ = false; ///< the server: it doesn't know BLMOVE
    bool closing_ = false;
    std::vector<future<>> tasks_; ///< `take`, `keep` and `sweep`
};

} // namespace simul::cluster::redis
