// SPDX-License-Identifier: MIT
//
// What each coding is to content_coding: one library behind one file.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace simul::http::detail {

struct decoder_step {
    std::size_t used = 0, written = 0;
};

class decoder {
public:
    decoder() noexcept = default;
    decoder(const decoder&) = delete;
    decoder& operator=(const decoder&) = delete;
    virtual ~decoder() = default;

    /// Goes on until all of `input` is used and all that comes of it is written, or `room` is full. *Throws:* `error`
    /// for what it doesn't understand, and for bytes behind the end.
    virtual decoder_step decode(bytes_view input, std::span<char> room) = 0;
    /// Whether it may end here.
    virtual bool is_complete() const noexcept = 0;
};

enum class encode_until : std::uint8_t {
    later,   ///< as much as it likes may stay inside
    flushed, ///< all that was given can be decoded
    end,
};

class encoder {
public:
    encoder() noexcept = default;
    encoder(const encoder&) = delete;
    encoder& operator=(const encoder&) = delete;
    virtual ~encoder() = default;

    virtual void encode(bytes_view input, encode_until until, bytes& out) = 0;
};

std::unique_ptr<decoder> make_gzip_decoder();
/// With zlib's frame, as it should be, and without, as some send it.
std::unique_ptr<decoder> make_deflate_decoder();
std::unique_ptr<decoder> make_br_decoder();
std::unique_ptr<decoder> make_zstd_decoder();

std::unique_ptr<encoder> make_gzip_encoder();
std::unique_ptr<encoder> make_deflate_encoder();
std::unique_ptr<encoder> make_br_encoder();
std::unique_ptr<encoder> make_zstd_encoder();

[[noreturn]] inline void refuse_to_decode(std::string_view coding, std::string_view why)
{
    throw error(std::errc::illegal_byte_sequence, std::string("decode ").append(coding).append(": ").append(why));
}

/// Makes room behind what `out` has, calls `write(room)`, which says how much of it was used, and whether there is more
/// to come; as long as there is.
template <class Write> void append_by(bytes& out, Write write)
{
    constexpr std::size_t piece = 16 * 1024;
    for (bool more = true; more;) {
        const std::size_t before = out.size();
        out.resize(before + piece);
        std::size_t written = 0;
        more = write(std::span(out).subspan(before), written);
        out.resize(before + written);
    }
}

} // namespace simul::http::detail
