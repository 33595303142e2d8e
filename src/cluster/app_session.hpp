// SPDX-License-Identifier: MIT
//
// app_session: what an app does on its loop. It connects, sends what is ordered, and matches what comes back with who waits for it.
// An order is answered once: by its results, an error, or the withdrawal of who asked.
#pragma once

#include "app_core.hpp"
#include "app_messages.hpp"
#include "outcome.hpp"

#include <simul/cluster/order.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace simul::cluster::detail {

class app_session {
public:
    explicit app_session(app_core& core) noexcept : core_(core) {}

    /// Until the app closes and everything has been sent.
    task<> serve();
    /// What is left gets `why`, but for who asked for the end.
    void end(std::vector<note> not_taken, const std::exception_ptr& why) noexcept;

private:
    /// Who waits for the outcome of an id.
    struct waiting {
        order* by;
        std::size_t index; ///< of the result; `watched`: only its failure matters
    };
    static constexpr std::size_t watched = static_cast<std::size_t>(-1);

    task<> connect();
    task<> take_outcomes();
    /// False when the app takes nothing more.
    bool read_mail(simul::group& work);

    task<> send(order_share about);
    void sent();
    task<> carry_out(order& asked);
    task<> submit(order& asked);
    task<> look(order& asked);
    task<> look_for(std::string id);
    task<> call_back(std::vector<std::string> ids);
    task<> tell_workers(std::vector<std::string> ids);
    task<> expect(std::vector<std::string> ids);
    /// For the results of `ends`, and for errors of the others. Returns the ids that nobody waited for before.
    std::vector<std::string> wait_for(order& asked, std::vector<std::string> ends, std::vector<std::string> others);

    void settle(outcome got);
    void settle(order& asked, std::size_t index, outcome got);
    void tell(const order& asked, const outcome& got) const;

    void deliver(order& asked, std::vector<json::value> results);
    void fail(order& asked, std::exception_ptr why);
    void withdraw(order& asked);
    void abandon(order& asked, std::exception_ptr why);
    /// Those of its jobs that are not done are called back.
    void fail_and_call_back(order& asked, std::exception_ptr why);
    /// It is over: nobody waits for it any more. Returns the ids whose outcome is not known.
    std::vector<std::string> close(order& asked);
    std::exception_ptr not_sent(const order& asked) const;

    app_core& core_;
    std::unique_ptr<broker> broker_;
    std::unique_ptr<results> results_; ///< null where none are kept
    event connected_;
    event wanted_;               ///< somebody waits for the connection
    std::string trouble_;        ///< what kept it from being made
    std::exception_ptr refused_; ///< it never will be
    std::size_t sending_ = 0;    ///< what is on its way to the broker
    std::vector<std::string> to_call_back_;

    std::unordered_set<order*> open_; ///< not over, so this has a share of it
    std::unordered_multimap<std::string, waiting> waiting_;
};

} // namespace simul::cluster::detail
