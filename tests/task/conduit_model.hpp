// SPDX-License-Identifier: MIT
//
// What a queue or channel must do with each visitor, as plain code: for random schedules (laws.hpp).
#pragma once

#include "laws.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace laws {

/// Which of the items that are kept goes first.
enum class keeps { oldest_first, newest_first, smallest_first };

/// Items are unique; the last digit is the priority, so `smallest_first` has many ties.
class expected_conduit {
public:
    enum class state { absent, waiting, done, cancelled, refused };
    struct visitor {
        state now = state::absent;
        int item = -1;
    };

    expected_conduit(std::size_t capacity, keeps order) : capacity_(capacity), order_(order) {}

    void put(int who, int item)
    {
        visitor& self = visitors_[who];
        self.item = item;
        if (closed_)
            self.now = state::refused;
        else if (try_put(item))
            self.now = state::done;
        else
            wait(who, putters_);
    }
    void get(int who)
    {
        if (const auto item = try_get())
            visitors_[who] = {state::done, *item};
        else if (closed_)
            visitors_[who].now = state::refused;
        else
            wait(who, getters_);
    }
    bool try_put(int item)
    {
        if (!getters_.empty()) {
            visitors_[take(getters_)] = {state::done, item};
            return true;
        }
        if (kept_.size() >= capacity_)
            return false;
        kept_.push_back(item);
        return true;
    }
    std::optional<int> try_get()
    {
        std::optional<int> item;
        if (!kept_.empty()) {
            const auto next = first();
            item = *next;
            kept_.erase(next);
        }
        if (putters_.empty())
            return item;
        visitor& from = visitors_[take(putters_)];
        from.now = state::done;
        if (!item)
            return from.item;
        kept_.push_back(from.item);
        return item;
    }
    void cancel(int who)
    {
        if (of(who).now != state::waiting)
            return;
        std::erase(getters_, who);
        std::erase(putters_, who);
        visitors_[who].now = state::cancelled;
    }
    void close()
    {
        closed_ = true;
        for (auto* queue : {&getters_, &putters_})
            while (!queue->empty())
                visitors_[take(*queue)].now = state::refused;
    }
    std::vector<int> drop_all() { return std::exchange(kept_, {}); }

    const visitor& of(int who) { return visitors_[who]; }
    bool closed() const { return closed_; }
    std::size_t size() const { return kept_.size(); }
    bool getters_wait() const { return !getters_.empty(); }
    bool putters_wait() const { return !putters_.empty(); }

private:
    std::vector<int>::iterator first()
    {
        if (order_ == keeps::oldest_first)
            return kept_.begin();
        if (order_ == keeps::newest_first)
            return kept_.end() - 1;
        return std::min_element(kept_.begin(), kept_.end(), [](int a, int b) { return a % 10 < b % 10; });
    }
    void wait(int who, std::deque<int>& where)
    {
        visitors_[who].now = state::waiting;
        where.push_back(who);
    }
    static int take(std::deque<int>& from)
    {
        const int who = from.front();
        from.pop_front();
        return who;
    }

    const std::size_t capacity_;
    const keeps order_;
    bool closed_ = false;
    std::vector<int> kept_; // in order of arrival
    std::deque<int> getters_;
    std::deque<int> putters_;
    std::map<int, visitor> visitors_;
};

/// `Subject`: `Subject(capacity)`, `put(item) get() try_put(item) try_get() close() size()`, with `get` giving an optional
/// that is empty when refused and `put` throwing closed_error; `order`, `smallest_capacity`.
template <class Subject> class conduit_model {
    using state = expected_conduit::state;

public:
    explicit conduit_model(source& random)
        : random_(random),
          capacity_(Subject::smallest_capacity + random.below(3)),
          subject_(std::make_unique<Subject>(capacity_)),
          expected_(static_cast<std::size_t>(capacity_), Subject::order)
    {
    }

    task<> visit(int who)
    {
        for (int turns = random_.below(3); turns > 0; --turns)
            co_await simul::yield();
        const bool doomed = random_.one_in(10);
        if (doomed)
            simul::this_task::cancel();
        const bool puts = random_.one_in(2);
        const int item = new_item();
        if (puts)
            expected_.put(who, item);
        else
            expected_.get(who);
        if (doomed)
            expected_.cancel(who);
        try {
            if (puts) {
                co_await subject_->put(item);
                EXPECT_EQ(expected_.of(who).now, state::done) << "visitor " << who;
            } else if (const std::optional<int> got = co_await subject_->get()) {
                EXPECT_EQ(expected_.of(who).now, state::done) << "visitor " << who;
                EXPECT_EQ(expected_.of(who).item, *got) << "visitor " << who;
            } else {
                EXPECT_EQ(expected_.of(who).now, state::refused) << "visitor " << who;
            }
        } catch (const simul::closed_error&) {
            EXPECT_EQ(expected_.of(who).now, state::refused) << "visitor " << who;
        } catch (const simul::cancelled&) {
            EXPECT_EQ(expected_.of(who).now, state::cancelled) << "visitor " << who;
            throw;
        }
    }
    void cancel(int who) { expected_.cancel(who); }
    void act()
    {
        switch (random_.below(20)) {
        case 0:
            if (!expected_.closed()) {
                expected_.close();
                subject_->close();
            }
            break;
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
            put_now();
            break;
        default:
            get_now();
        }
    }
    void finish()
    {
        if (expected_.getters_wait())
            put_now();
        else
            get_now();
    }
    void check() { EXPECT_EQ(expected_.size(), subject_->size()); }

private:
    int new_item() { return 10 * ++last_item_ + random_.below(3); }
    void put_now()
    {
        if (expected_.closed())
            return;
        const int item = new_item();
        EXPECT_EQ(expected_.try_put(item), subject_->try_put(item));
    }
    void get_now() { EXPECT_EQ(expected_.try_get(), subject_->try_get()); }

    source& random_;
    const int capacity_;
    std::unique_ptr<Subject> subject_;
    expected_conduit expected_;
    int last_item_ = 0;
};

} // namespace laws
