// SPDX-License-Identifier: MIT
//
// What a stream owns: a transport, and what was fetched from it and not read yet. How other sources make streams, and take
// them apart.
#pragma once

#include "byte_queue.hpp"
#include "transport.hpp"

#include <simul/io/stream.hpp>

#include <memory>
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

    transport_ptr below;
    byte_queue fetched;
    bool reading = false; ///< by some task
};

} // namespace simul::detail
