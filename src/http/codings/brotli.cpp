// SPDX-License-Identifier: MIT
#include "codec.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <new>

namespace simul::http::detail {

namespace {

struct deleter {
    void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
    void operator()(BrotliEncoderState* state) const noexcept { BrotliEncoderDestroyInstance(state); }
};

/// Null when there is no memory.
template <class State> State* required(State* state)
{
    if (!state)
        throw std::bad_alloc();
    return state;
}

class br_decoder final : public decoder {
public:
    decoder_step decode(bytes_view input, std::span<char> room) override
    {
        if (ended_ && !input.empty())
            refuse_to_decode("br", "there is something behind its end");
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(room.data());
        std::size_t in_left = input.size(), out_left = room.size();
        const BrotliDecoderResult result =
            BrotliDecoderDecompressStream(state_.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
        if (result == BROTLI_DECODER_RESULT_ERROR)
            refuse_to_decode("br", BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_.get())));
        ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
        if (ended_ && in_left > 0)
            refuse_to_decode("br", "there is something behind its end");
        return {input.size() - in_left, room.size() - out_left};
    }
    bool is_complete() const noexcept override { return ended_; }

private:
    std::unique_ptr<BrotliDecoderState, deleter> state_{
        required(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr))};
    bool ended_ = false;
};

class br_encoder final : public encoder {
public:
    br_encoder()
    {
        // About gzip's speed. The window is what a page needs, and a fraction of the 16 MiB it could take.
        BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, 5);
        BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, 19);
    }

    void encode(bytes_view input, encode_until until, bytes& out) override
    {
        const BrotliEncoderOperation operation = until == encode_until::end       ? BROTLI_OPERATION_FINISH
                                                 : until == encode_until::flushed ? BROTLI_OPERATION_FLUSH
                                                                                  : BROTLI_OPERATION_PROCESS;
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        std::size_t in_left = input.size();
        append_by(out, [&](std::span<char> room, std::size_t& written) {
            auto* next_out = reinterpret_cast<std::uint8_t*>(room.data());
            std::size_t out_left = room.size();
            if (!BrotliEncoderCompressStream(state_.get(), operation, &in_left, &next_in, &out_left, &next_out,
                                             nullptr))
                throw std::bad_alloc();
            written = room.size() - out_left;
            return in_left > 0 || BrotliEncoderHasMoreOutput(state_.get());
        });
    }

private:
    std::unique_ptr<BrotliEncoderState, deleter> state_{
        required(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr))};
};

} // namespace

std::unique_ptr<decoder> make_br_decoder()
{
    return std::make_unique<br_decoder>();
}
std::unique_ptr<encoder> make_br_encoder()
{
    return std::make_unique<br_encoder>();
}

} // namespace simul::http::detail
