// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/context.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/task_local_value.hpp>

#include <utility>

namespace simul::detail {

// ---- leaf: where a context waits

void leaf::run() noexcept
{
    resuming();
    frame_->frame().resume();
}

void leaf::wake() noexcept
{
    frame_->line->home_->post(*this);
}

// ---- context: one line of work

struct context::label {
    std::string text;
};

context::context(executor& home, context* parent, std::source_location spawned_at) noexcept
{
    enter_tree(home, parent, spawned_at);
}

void context::enter_tree(executor& home, context* parent, std::source_location spawned_at) noexcept
{
    home_ = &home;
    spawned_at_ = spawned_at;
    if (parent)
        enter_tree(*parent);
}

void context::enter_tree(context& parent) noexcept
{
    SIMUL_ASSERT(!parent_);
    parent_ = &parent;
    if (parent_->locals && !locals)
        locals = share(parent_->locals);
    if (context* const eldest = parent_->first_child_) {
        next_sibling_ = eldest;
        previous_sibling_ = std::exchange(eldest->previous_sibling_, this);
        previous_sibling_->next_sibling_ = this;
    } else {
        parent_->first_child_ = this;
    }
}

context::~context()
{
    leave_tree();
    if (locals) [[unlikely]]
        release(locals);
    delete label_;
}

void context::run() noexcept
{
    const place at = place_.load(std::memory_order_relaxed);
    const std::coroutine_handle<> begun =
        at == place::offered || at == place::withdrawn ? taken_by(*executor::current()) : first_step();
    if (begun)
        begun.resume();
}

void context::leave_tree() noexcept
{
    SIMUL_ASSERT(first_child_ == nullptr);
    if (!parent_)
        return;
    if (next_sibling_ == this) {
        parent_->first_child_ = nullptr;
    } else {
        next_sibling_->previous_sibling_ = previous_sibling_;
        previous_sibling_->next_sibling_ = next_sibling_;
        if (parent_->first_child_ == this)
            parent_->first_child_ = next_sibling_;
    }
    parent_ = nullptr;
}

void context::cancel() noexcept
{
    const place at = place_.load(std::memory_order_acquire); // pairs with the exchange in taken_by: `home_` is right
    if (at != place::here && !(at == place::away && executor::current() == home_)) [[unlikely]] {
        cancel_elsewhere();
        return;
    }
    ++cancelling_;
    if (!leaf_) {
        cancel_pending_ = true;
        return;
    }
    if (request_ != request::none)
        return; // on its way already

    // What waits has been started, so it stands in no ready queue, and `next` is free.
    work*& list = home_->cancelling_;
    const bool outermost = list == nullptr;
    request_ = request::listed;
    next = std::exchange(list, this);
    if (!outermost)
        return; // whoever asked first gets to it
    while (context* const top = static_cast<context*>(list)) {
        if (top->request_ == request::listed) {
            top->request_ = request::passed_on;
            if (!top->leaf_->cancel()) // puts what it waits for on top
                top->cancel_pending_ = true;
        } else {
            top->request_ = request::none;
            list = top->next;
        }
    }
}

int context::uncancel() noexcept
{
    if (cancelling_ > 0 && --cancelling_ == 0)
        cancel_pending_ = false;
    return cancelling_;
}

std::string context::name() const
{
    if (label_)
        return label_->text;
    const std::string file = spawned_at_.file_name();
    return file.substr(file.find_last_of('/') + 1) + ":" + std::to_string(spawned_at_.line());
}

void context::rename(std::string name)
{
    if (label_)
        label_->text = std::move(name);
    else
        label_ = new label{std::move(name)};
}

} // namespace simul::detail
