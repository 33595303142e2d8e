// SPDX-License-Identifier: MIT
//
// What a stream owns: a transport, and what was fetched from it and not read yet. How other sources make streams, and take
// them apart.
#pragma once

#include "byte_queue.hpp"
#include "transport.hpp"

#include <simul/io/stream.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace simul::detail {

class stream_core {
public:
    explicit stream_core(transport_ptr below) noexcept : below(std::move(below)) {}

    static stream make(transport_ptr below, byte_queue fetched = {});
    /// What it was made of; the stream is closed then. *Throws:* `closed_error`; `invalid_state` while it is being read.
    static std::unique_ptr<stream_core> release(stream& of, const char* operation);
    /// *Throws:* `closed_error`.
    static stream_core& of(const stream& open, const char* operation) { return open.core(operation); }

    /// Fetches what has arrived, and doesn't wait. False: the end; none: nothing has, and no memory is held meanwhile, for most
    /// connections wait most of the time. *Throws:* what broke the connection.
    std::optional<bool> try_fetch();

    transport_ptr below;
    byte_queue fetched;
    bool reading = false; ///< by some task
};

/// Keeps a second task from reading.
class reading_here {
public:
    /// *Throws:* `invalid_state` when one reads already.
    reading_here(stream_core& of, const char* operation);
    reading_here(const reading_here&) = delete;
    ~reading_here() { of_.reading = false; }

private:
    stream_core& of_;
};

/// For who goes on after a wait: another task may have aborted the stream when the input had come already.
/// *Throws:* `closed_error`.
void check_not_aborted(const stream_core& core);

} // namespace simul::detail
