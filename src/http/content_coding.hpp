// SPDX-License-Identifier: MIT
//
// Content codings: gzip, deflate, br, zstd; also one over the other ("Content-Encoding: gzip, br"). Bytes in, bytes
// out, without waiting, in pieces of any size:
//
//     content_decoder decoder(fields.get("Content-Encoding").value_or(""));
//     for each piece of the body, as `input`:
//         for (;;) {
//             const auto [used, written, starved] = decoder.decode(input, room);
//             input.remove_prefix(used);
//             ...room.first(written)
//             if (starved)
//                 break;
//         }
//     decoder.end();
//
// A call writes no more than `room` has place for, and works no longer than its input and its room are large; so a bomb
// is read as slowly as its reader is, and stopped when it goes beyond the limits.
#pragma once

#include "codings/codec.hpp"

#include <simul/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace simul::http::detail {

enum class content_coding : std::uint8_t { identity, gzip, deflate, br, zstd };

/// "gzip"
std::string_view to_string(content_coding of) noexcept;
/// What a client says that it takes: "gzip, deflate, br, zstd".
std::string_view accepted_codings() noexcept;

/// More than one over the other are refused: each may take 16 MiB of memory.
inline constexpr std::size_t most_codings = 3;

/// Beyond them, `limit_exceeded`.
struct decoding_limits {
    std::uint64_t total = std::uint64_t{64} << 20; ///< of decoded bytes
    std::uint64_t ratio = 200;                     ///< decoded bytes for each byte that came...
    std::uint64_t ratio_from = 1 << 20;            ///< ...once there are that many
};

/// Whether all codings in the value of a Content-Encoding are known, and not too many.
bool is_decodable(std::string_view codings);

class content_decoder {
public:
    struct progress {
        std::size_t used = 0;    ///< of the input
        std::size_t written = 0; ///< into the room
        bool starved = false;    ///< what came before is all there; more needs more input
    };

    /// `codings` is the value of Content-Encoding: in the order in which they were applied. *Throws:* `error` when one
    /// is unknown, or when they are too many.
    explicit content_decoder(std::string_view codings, const decoding_limits& within = {});

    /// There is nothing to decode.
    bool is_identity() const noexcept { return stages_.empty(); }

    /// *Throws:* `error` for what is no such coding, and for bytes behind its end; `limit_exceeded`.
    progress decode(bytes_view input, std::span<char> room);
    /// Nothing comes behind what was decoded. No input at all is no output. *Throws:* `error` when it breaks off.
    void end() const;

private:
    /// One of codings over each other, and what it has decoded for the next one.
    struct stage {
        content_coding coding;
        std::unique_ptr<decoder> codec;
        std::uint64_t written = 0; ///< in all
        std::vector<char> between = {};
        std::size_t begin = 0, end = 0; ///< of what waits there
    };

    void check_limits(const stage& of) const;

    std::vector<stage> stages_; // in the order of undoing
    std::uint64_t received_ = 0;
    decoding_limits limits_;
};

/// The same with a room of its own, for who takes what comes of a piece as it comes.
class piece_decoder {
public:
    explicit piece_decoder(std::string_view codings, const decoding_limits& within = {});

    bool is_identity() const noexcept { return decoder_.is_identity(); }

    /// *Lifetime:* the input, until `next` has nothing more. *Throws:* as `content_decoder`, here and below.
    void give(bytes_view input) noexcept { input_ = input; }
    /// A view until the next call; none when more is to be given.
    std::optional<bytes_view> next();
    void end() const { decoder_.end(); }

private:
    content_decoder decoder_;
    bytes room_;
    bytes_view input_;
};

/// `identity` is copied.
class content_encoder {
public:
    explicit content_encoder(content_coding to);

    /// What comes of it, now or later.
    void encode(bytes_view input, bytes& out);
    /// So that all that was given can be decoded from what was written: for content that comes slowly.
    void flush(bytes& out);
    void end(bytes& out);

private:
    std::unique_ptr<encoder> codec_; // null: identity
};

/// All of it at once.
bytes encoded(content_coding to, bytes_view whole);

} // namespace simul::http::detail
