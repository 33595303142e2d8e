// SPDX-License-Identifier: MIT
#include "codec.hpp"

#include <new>
#include <zstd.h>

namespace simul::http::detail {

namespace {

struct deleter {
    void operator()(ZSTD_DCtx* state) const noexcept { ZSTD_freeDCtx(state); }
    void operator()(ZSTD_CCtx* state) const noexcept { ZSTD_freeCCtx(state); }
};

class zstd_decoder final : public decoder {
public:
    zstd_decoder() : state_(ZSTD_createDCtx())
    {
        constexpr int largest_window = 23; // 8 MiB: RFC 9659
        if (!state_)
            throw std::bad_alloc();
        ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, largest_window);
    }

    decoder_step decode(bytes_view input, std::span<char> room) override
    {
        ZSTD_inBuffer in = {input.data(), input.size(), 0};
        ZSTD_outBuffer out = {room.data(), room.size(), 0};
        while (out.pos < out.size && (in.pos < in.size || more_inside_)) {
            if (between_frames_)
                check_magic(input[in.pos]);
            const std::size_t result = ZSTD_decompressStream(state_.get(), &out, &in);
            if (ZSTD_isError(result))
                refuse_to_decode("zstd", ZSTD_getErrorName(result));
            between_frames_ = result == 0;
            more_inside_ = !between_frames_ && out.pos == out.size;
        }
        return {in.pos, out.pos};
    }
    bool is_complete() const noexcept override { return between_frames_; }

private:
    /// Of a frame, or one that is skipped. The library knows more: formats from before 1.0, whose decoders nobody looks
    /// at.
    static void check_magic(char first)
    {
        const auto byte = static_cast<unsigned char>(first);
        if (byte != 0x28 && (byte & 0xf0) != 0x50)
            refuse_to_decode("zstd", "it doesn't begin as a frame does");
    }

    std::unique_ptr<ZSTD_DCtx, deleter> state_;
    bool between_frames_ = true;
    bool more_inside_ = false;
};

class zstd_encoder final : public encoder {
public:
    zstd_encoder() : state_(ZSTD_createCCtx())
    {
        if (!state_)
            throw std::bad_alloc();
    }

    void encode(bytes_view input, encode_until until, bytes& out) override
    {
        const ZSTD_EndDirective directive = until == encode_until::end       ? ZSTD_e_end
                                            : until == encode_until::flushed ? ZSTD_e_flush
                                                                             : ZSTD_e_continue;
        ZSTD_inBuffer in = {input.data(), input.size(), 0};
        append_by(out, [&](std::span<char> room, std::size_t& written) {
            ZSTD_outBuffer to = {room.data(), room.size(), 0};
            const std::size_t left = ZSTD_compressStream2(state_.get(), &to, &in, directive);
            if (ZSTD_isError(left))
                throw std::bad_alloc();
            written = to.pos;
            return in.pos < in.size || (until != encode_until::later && left > 0);
        });
    }

private:
    std::unique_ptr<ZSTD_CCtx, deleter> state_;
};

} // namespace

std::unique_ptr<decoder> make_zstd_decoder()
{
    return std::make_unique<zstd_decoder>();
}
std::unique_ptr<encoder> make_zstd_encoder()
{
    return std::make_unique<zstd_encoder>();
}

} // namespace simul::http::detail
