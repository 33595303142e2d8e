// SPDX-License-Identifier: MIT
#include "fd_transport.hpp"
#include "stream_core.hpp"
#include "tls_engine.hpp"

#include <simul/io/tcp.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/timeout.hpp>

#include <array>
#include <chrono>
#include <fmt/core.h>
#include <fmt/format.h>

namespace simul {
namespace detail {
namespace {

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t most_answers = 64 * 1024; ///< bytes that a peer may cause by asking, and not fetch

/// Something from below for the engine. False: it has to be waited for.
bool feed(tls_engine& engine, transport& below)
{
    std::array<char, read_size> room; // not the engine's: one that waits needs none
    const auto got = below.try_read(room);
    engine.input().shrink();
    if (!got)
        return false;
    if (*got == 0)
        engine.end_input();
    engine.input().append({room.data(), *got});
    return true;
}

void send_output(tls_engine& engine, transport& below)
{
    struct emptied { // also when nothing can be sent any more
        byte_queue& output;
        ~emptied()
        {
            output.consume(output.size());
            output.shrink();
        }
    } at_the_end{engine.output()};
    if (!at_the_end.output.empty())
        below.write(at_the_end.output.view());
}

/// Between a stream and what it was before.
class tls_transport final : public transport {
public:
    tls_transport(transport_ptr below, std::unique_ptr<tls_engine> engine)
        : below_(std::move(below)), engine_(std::move(engine))
    {
    }

    std::optional<std::size_t> try_read(std::span<char> room) override
    {
        for (;;) {
            if (answers_ > most_answers)
                throw tls::failure(std::make_error_code(std::errc::protocol_error),
                                   "read from " + peer_text() + ": the peer asks for answers and doesn't read them");
            const answers_at_end scope(*this);
            const auto got = engine_->read(room);
            if (got || !feed(*engine_, *below_))
                return got;
        }
    }
    void write(bytes_view data) override
    {
        engine_->write(data);
        send_output(*engine_, *below_);
    }
    /// The peer reads an end, and may go on writing. The connection below stays whole: the peer's goodbye comes over
    /// it.
    void end_output() override { say_goodbye(); }
    void say_goodbye() override
    {
        engine_->say_goodbye();
        send_output(*engine_, *below_);
    }
    duration goodbye_timeout() const noexcept override
    {
        return engine_->is_broken() ? duration::zero() : engine_->goodbye_timeout();
    }

    fd_transport& bottom() noexcept override { return below_->bottom(); }
    std::string peer_text() const override { return engine_->peer(); }
    void abandon() noexcept override { delete this; }

    const tls_engine& engine() const noexcept { return *engine_; }

private:
    ~tls_transport() = default;

    /// What reading has to say: a new key, or why it failed. Who can't hear it any more may still have said something.
    struct answers_at_end {
        explicit answers_at_end(tls_transport& who) noexcept : of(who) {}
        answers_at_end(const answers_at_end&) = delete;
        ~answers_at_end()
        {
            if (of.bottom().unsent() == 0)
                of.answers_ = 0;
            of.answers_ += of.engine_->output().size();
            try {
                send_output(*of.engine_, *of.below_);
            } catch (const error&) {
            }
        }
        tls_transport& of;
    };

    transport_ptr below_;
    std::unique_ptr<tls_engine> engine_;
    std::size_t answers_ = 0; ///< bytes, since all was sent
};

task<> shake_hands(stream_core& core, tls_engine& engine)
{
    std::exception_ptr failure;
    try {
        while (!engine.shake_hands()) {
            send_output(engine, *core.below);
            if (!feed(engine, *core.below))
                co_await core.below->bottom().input({});
        }
    } catch (const tls::failure&) {
        failure = std::current_exception();
    }
    if (!failure) {
        send_output(engine, *core.below);
        co_return;
    }
    try { // so that the peer gets to know why
        send_output(engine, *core.below);
        co_await core.below->bottom().output(0);
    } catch (const error&) {
    }
    std::rethrow_exception(failure);
}

task<stream> secured(stream plain, std::unique_ptr<tls_engine> engine)
{
    const auto core = stream_core::release(plain, "start_tls");
    engine->input().append(core->fetched.view());
    const duration limit = engine->handshake_timeout();
    if (!co_await move_on_after(limit, shake_hands(*core, *engine)))
        throw timeout_error(fmt::format("TLS handshake with {}: not done within {} s", engine->peer(),
                                        std::chrono::duration<double>(limit).count()));
    co_return stream_core::make(transport_ptr(new tls_transport(std::move(core->below), std::move(engine))));
}

} // namespace
} // namespace detail

namespace tls {

using detail::tls_engine;

task<stream> connect(std::string host, std::uint16_t port)
{
    return connect(std::move(host), port, client_context::standard());
}

task<stream> connect(std::string host, std::uint16_t port, const client_options& with)
{
    return connect(std::move(host), port, client_context(with));
}

task<stream> connect(std::string host, std::uint16_t port, client_context with)
{
    auto engine = std::make_unique<tls_engine>(with.shared(), host, host + ":" + std::to_string(port));
    stream plain = co_await tcp::connect(std::move(host), port);
    co_return co_await detail::secured(std::move(plain), std::move(engine));
}

task<stream> start_tls(stream plain, std::string host)
{
    return start_tls(std::move(plain), std::move(host), client_context::standard());
}

task<stream> start_tls(stream plain, std::string host, client_context with)
{
    auto engine = std::make_unique<tls_engine>(with.shared(), host, host);
    co_return co_await detail::secured(std::move(plain), std::move(engine));
}

task<stream> accept(stream plain, server_context with)
{
    std::string peer = detail::stream_core::of(plain, "tls::accept").below->peer_text();
    auto engine = std::make_unique<tls_engine>(with.shared(), std::move(peer));
    co_return co_await detail::secured(std::move(plain), std::move(engine));
}

connection_info info(const stream& of)
{
    const detail::transport* const below = detail::stream_core::of(of, "tls::info").below.get();
    if (const auto* const secured = dynamic_cast<const detail::tls_transport*>(below))
        return secured->engine().info();
    throw invalid_state("tls::info: this stream is not one of TLS");
}

} // namespace tls
} // namespace simul
