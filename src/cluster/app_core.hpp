// SPDX-License-Identifier: MIT
//
// app_core: where the threads that use an app and the loop on which it works meet. What is asked goes into a mailbox; a session
// on the loop takes all of it at once, so what is asked in a burst goes out in one write. The session begins with the first
// order, and ends when the app is closed, or its loop ends; then the next order begins another.
//
// | word      | meaning                                    | who writes                      |
// |-----------|--------------------------------------------|---------------------------------|
// | notes_    | what was asked and not taken               | all, under the mutex            |
// | bell_     | there is something in the mailbox          | all set it, the session clears  |
// | running_  | there is a session                         | the first order; the session's end |
// | closing_  | nothing more is taken                      | `close`, once                   |
#pragma once

#include "broker.hpp"
#include "results.hpp"

#include <simul/cluster/app.hpp>
#include <simul/task/event.hpp>
#include <simul/task/task.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace simul::cluster::detail {

/// How an app comes to its broker, and where it works.
struct app_parts {
    std::function<task<std::unique_ptr<broker>>()> connect;
    std::function<task<std::unique_ptr<results>>(broker&)> connect_results; ///< null where results are not kept
    bool on_this_loop = false; ///< on that of the first order; else on the ambient one
};

/// A share of an order.
class order_share {
public:
    explicit order_share(order& held) noexcept : held_(&held) { held.take_share(); }
    order_share(order_share&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    order_share& operator=(order_share&& other) noexcept
    {
        std::swap(held_, other.held_);
        return *this;
    }
    ~order_share()
    {
        if (held_)
            held_->give_back_share();
    }
    order& operator*() const noexcept { return *held_; }
    order* operator->() const noexcept { return held_; }

private:
    order* held_;
};

struct note {
    enum class wish : bool { begin, withdraw };
    order_share about;
    wish is;
};

/// All of it, but for what the session uses: from any thread.
class app_core : public std::enable_shared_from_this<app_core> {
public:
    app_core(std::string name, app_options options, app_parts parts);

    /// *Throws:* `closed_error`, `invalid_state` in a forked child.
    void give(order& asked);
    void withdraw(order& asked) noexcept;
    /// Closes, and waits for it, unless this is the loop that would have to do it.
    void end() noexcept;

    // ---- for the session

    struct mail {
        std::vector<note> notes;
        bool is_last; ///< the app takes nothing more
    };
    mail take_mail();
    event& bell() noexcept { return bell_; }

    /// For messages, without the password.
    const std::string& name() const noexcept { return name_; }
    const app_options& options() const noexcept { return options_; }
    const app_parts& parts() const noexcept { return parts_; }

private:
    static task<> run(std::shared_ptr<app_core> self);
    void begin_session();
    /// Nothing takes notes any more.
    std::vector<note> end_session() noexcept;
    void put(order& about, note::wish wish);

    const std::string name_;
    const app_options options_;
    const app_parts parts_;

    std::mutex mutex_;
    std::condition_variable ended_;
    std::vector<note> notes_;
    event bell_;
    bool running_ = false;
    bool closing_ = false;
    executor* home_ = nullptr; ///< of the session
    int process_ = 0;          ///< in which it runs
};

} // namespace simul::cluster::detail
