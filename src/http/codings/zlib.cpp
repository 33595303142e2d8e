// SPDX-License-Identifier: MIT
#include "codec.hpp"

#include <simul/base/assert.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <zlib.h>

namespace simul::http::detail {

namespace {

/// In zlib's numbers: the window is 32 KiB, and what is around it is added.
enum class frame : int { gzip = 15 + 16, zlib = 15, none = -15 };

Bytef* bytes_at(const char* at)
{
    return reinterpret_cast<Bytef*>(const_cast<char*>(at)); // which doesn't write to its input
}
uInt as_uint(std::size_t size)
{
    return static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
}

class inflater final : public decoder {
public:
    explicit inflater(frame around) : frame_(around)
    {
        if (inflateInit2(&state_, static_cast<int>(around)) != Z_OK)
            throw std::bad_alloc();
    }
    ~inflater() override { inflateEnd(&state_); }

    decoder_step decode(bytes_view input, std::span<char> room) override
    {
        decoder_step done;
        while (done.written < room.size()) {
            const bytes_view rest = input.substr(done.used);
            if (ended_ && rest.empty())
                break;
            if (ended_)
                begin_member(rest[0]);
            state_.next_in = bytes_at(rest.data());
            state_.avail_in = as_uint(rest.size());
            state_.next_out = bytes_at(room.data() + done.written);
            state_.avail_out = as_uint(room.size() - done.written);
            const decoder_step before = done;
            inflate_some();
            done.used += static_cast<std::size_t>(reinterpret_cast<const char*>(state_.next_in) - rest.data());
            done.written = static_cast<std::size_t>(reinterpret_cast<char*>(state_.next_out) - room.data());
            if (done.used == before.used && done.written == before.written)
                break;
        }
        return done;
    }
    bool is_complete() const noexcept override { return ended_; }

private:
    std::string_view name() const noexcept { return frame_ == frame::gzip ? "gzip" : "deflate"; }

    /// gzip's may follow one another.
    void begin_member(char first)
    {
        constexpr char gzip_magic = '\x1f';
        if (frame_ != frame::gzip || first != gzip_magic)
            refuse_to_decode(name(), "there is something behind its end");
        inflateReset(&state_);
        ended_ = false;
    }
    void inflate_some()
    {
        switch (inflate(&state_, Z_NO_FLUSH)) {
        case Z_STREAM_END:
            ended_ = true;
            break;
        case Z_OK:
        case Z_BUF_ERROR: // nothing could be done
            break;
        case Z_MEM_ERROR:
            throw std::bad_alloc();
        default:
            refuse_to_decode(name(), state_.msg ? state_.msg : "it wants a dictionary");
        }
    }

    frame frame_;
    bool ended_ = false;
    z_stream state_ = {};
};

class deflate_decoder final : public decoder {
public:
    decoder_step decode(bytes_view input, std::span<char> room) override
    {
        decoder_step done;
        while (head_size_ < head_.size() && done.used < input.size())
            head_[head_size_++] = input[done.used++];
        if (head_size_ < head_.size())
            return done;
        if (!inner_) {
            inner_.emplace(has_zlib_frame() ? frame::zlib : frame::none);
            const decoder_step first = inner_->decode(bytes_of(head_), room); // gives a byte at most
            SIMUL_ASSERT(first.used == head_.size());
            done.written = first.written;
        }
        const decoder_step rest = inner_->decode(input.substr(done.used), room.subspan(done.written));
        return {done.used + rest.used, done.written + rest.written};
    }
    bool is_complete() const noexcept override { return inner_ && inner_->is_complete(); }

private:
    /// RFC 1950, 2.2. Raw, it would be a block stored behind bits that nobody sets.
    bool has_zlib_frame() const noexcept
    {
        const auto method = static_cast<unsigned char>(head_[0]);
        const auto flags = static_cast<unsigned char>(head_[1]);
        return (method & 0x0f) == 8 && (method >> 4) <= 7 && (method * 256 + flags) % 31 == 0;
    }

    std::array<char, 2> head_ = {};
    std::size_t head_size_ = 0;
    std::optional<inflater> inner_;
};

class deflater final : public encoder {
public:
    explicit deflater(frame around)
    {
        constexpr int memory_level = 8; // zlib's default
        if (deflateInit2(&state_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, static_cast<int>(around), memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~deflater() override { deflateEnd(&state_); }

    void encode(bytes_view input, encode_until until, bytes& out) override
    {
        const int flush = until == encode_until::end       ? Z_FINISH
                          : until == encode_until::flushed ? Z_SYNC_FLUSH
                                                           : Z_NO_FLUSH;
        append_by(out, [&](std::span<char> room, std::size_t& written) {
            state_.next_in = bytes_at(input.data());
            state_.avail_in = as_uint(input.size());
            state_.next_out = bytes_at(room.data());
            state_.avail_out = as_uint(room.size());
            const bool last = state_.avail_in == input.size();
            const int result = deflate(&state_, last ? flush : Z_NO_FLUSH);
            SIMUL_ASSERT(result != Z_STREAM_ERROR);
            input.remove_prefix(static_cast<std::size_t>(reinterpret_cast<const char*>(state_.next_in) - input.data()));
            written = room.size() - state_.avail_out;
            return result != Z_STREAM_END && (state_.avail_out == 0 || !input.empty());
        });
    }

private:
    z_stream state_ = {};
};

} // namespace

std::unique_ptr<decoder> make_gzip_decoder()
{
    return std::make_unique<inflater>(frame::gzip);
}
std::unique_ptr<decoder> make_deflate_decoder()
{
    return std::make_unique<deflate_decoder>();
}
std::unique_ptr<encoder> make_gzip_encoder()
{
    return std::make_unique<deflater>(frame::gzip);
}
std::unique_ptr<encoder> make_deflate_encoder()
{
    return std::make_unique<deflater>(frame::zlib);
}

} // namespace simul::http::detail
