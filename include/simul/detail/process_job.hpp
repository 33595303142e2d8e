// SPDX-License-Identifier: MIT
//
// A job of a process pool, as the pool sees it: encoded arguments, and who takes the answer.
#pragma once

#include <simul/base/codec.hpp>
#include <simul/base/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <typeinfo>

namespace simul::detail {

class answer_sink;
class job_list;
class pool_core;
struct frame;
struct pool_seat;

/// Encoded arguments, kept for as long as they may have to be sent again: here, on the heap, or in a file in memory
/// that can't be changed any more.
class parcel {
public:
    parcel() noexcept = default;
    parcel(const parcel&) = delete;
    parcel& operator=(const parcel&) = delete;
    ~parcel();

    /// Where an encoder should begin.
    std::span<std::byte> small() noexcept { return small_; }
    /// Keeps what `from`, which began in `small()`, has written. *Throws:* `error` when there is no memory for it.
    void keep(const encoder& from);

    std::size_t size() const noexcept { return size_; }
    int file() const noexcept { return file_; } ///< -1: it is in `bytes`
    std::span<const std::byte> bytes() const noexcept { return {large_ ? large_.get() : small_.data(), size_}; }

private:
    alignas(16) std::array<std::byte, 112> small_;
    std::unique_ptr<std::byte[]> large_;
    std::size_t size_ = 0;
    int file_ = -1;
};

/// What a job calls, for its name.
struct called_function {
    std::uintptr_t address;
    const std::type_info* type; ///< of a lambda or a function object
    std::string name() const;
};

class process_job {
public:
    process_job(const process_job&) = delete;
    process_job& operator=(const process_job&) = delete;

    /// The answer is here. May destroy the job, as may `fail`.
    virtual void deliver(decoder& answer) noexcept = 0;
    virtual void fail(std::exception_ptr error) noexcept = 0;

    parcel arguments;
    const called_function function;
    duration timeout = duration::max();

protected:
    explicit process_job(called_function fn) noexcept : function(fn) {}
    ~process_job() = default;

private:
    friend job_list;
    friend pool_core;

    enum class place : std::uint8_t { nowhere, pending, at_seat };
    enum class doom : std::uint8_t { none, cancelled, timed_out };

    // While it is submitted and not done, these are the pool's.
    process_job* next_ = nullptr;
    process_job* previous_ = nullptr;
    pool_seat* seat_ = nullptr;
    frame* frame_ = nullptr; ///< its request in the seat's ring
    std::uint64_t id_ = 0;
    unsigned deaths_ = 0;        ///< of workers that ran it
    unsigned deaths_nearby_ = 0; ///< of workers that were about to begin it, as it seems
    place place_ = place::nowhere;
    doom doom_ = doom::none; ///< why its worker is being ended
};

/// Runs in a worker: decodes the arguments, calls, and answers.
using remote_call = void (*)(decoder& arguments, answer_sink& answer);

/// Where the result of a call goes, while it exists: large parts of it are sent without a copy.
class answer_sink {
public:
    template <class T> void send(const T& value)
    {
        begin().put_lasting(value);
        finish();
    }
    void send_nothing()
    {
        begin();
        finish();
    }

protected:
    ~answer_sink() = default;

private:
    virtual encoder& begin() = 0;
    virtual void finish() = 0;
};

/// Addresses of code, which is elsewhere in each process: by offset in their program or shared object.
void put_code(encoder& out, std::uintptr_t address);
std::uintptr_t get_code(decoder& in);

} // namespace simul::detail
