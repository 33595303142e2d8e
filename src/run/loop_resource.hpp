// SPDX-License-Identifier: MIT
//
// What belongs to a loop beside its tasks and ends with it: an open socket, for one.
#pragma once

namespace simul {
class loop;
}

namespace simul::detail {

class loop_resource {
public:
    loop_resource(const loop_resource&) = delete;
    loop_resource& operator=(const loop_resource&) = delete;

    /// The loop it belongs to; null once that is closed.
    loop* home() const noexcept { return home_; }

protected:
    explicit loop_resource(loop& home) noexcept;
    ~loop_resource() { leave_loop(); }

    /// The loop is about to cancel what is in flight, for good.
    virtual void loop_closes() noexcept = 0;
    void leave_loop() noexcept;

private:
    friend class loop_resources;

    loop* home_;
    loop_resource* previous_ = nullptr;
    loop_resource* next_ = nullptr;
};

/// Those of one loop.
class loop_resources {
public:
    /// Tells each of them, and lets it go.
    void close_all() noexcept;

private:
    friend loop_resource;

    loop_resource* first_ = nullptr;
};

} // namespace simul::detail
