// SPDX-License-Identifier: MIT
//
// Operations that complete again and again: receive_many and accept_many, on all backends.
#include "backend_fixture.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace simul::detail {
namespace {

using enum operation_kind;

/// Collects what a repeated operation is given, and how it ended.
struct repeated : operation {
    std::string text;
    std::vector<int> connections;
    int ends = 0;
    std::size_t cancel_at = std::string::npos; ///< from inside of `complete`
    backend* io = nullptr;

    repeated(operation_kind what, int descriptor)
    {
        kind = what;
        fd = descriptor;
        complete = [](operation& op) noexcept {
            auto& self = static_cast<repeated&>(op);
            if (!self.more)
                ++self.ends;
            else if (self.kind == accept_many)
                self.connections.push_back(self.result);
            else
                self.text.append(static_cast<const char*>(self.data), static_cast<std::size_t>(self.result));
            if (self.more && self.text.size() >= self.cancel_at)
                self.io->cancel(self);
        };
    }
    repeated(const repeated&) = delete;
};

class BackendRepeated : public backend_test {
protected:
    void run_until(auto done)
    {
        const auto give_up = clock::now() + std::chrono::seconds(20);
        while (!done()) {
            if (clock::now() > give_up ||
                !backend_->wait(is_sim() ? never : backend_->now() + std::chrono::seconds(1))) {
                ADD_FAILURE() << "the operation never ends";
                std::abort();
            }
            backend_->dispatch();
        }
    }
    std::int32_t end(repeated& op)
    {
        run_until([&] { return op.ends > 0; });
        turn();
        EXPECT_EQ(1, op.ends);
        EXPECT_EQ(0U, backend_->in_flight());
        return op.result;
    }
};

INSTANTIATE_TEST_SUITE_P(All, BackendRepeated, testing::ValuesIn(available_backends(true)), name_of_parameter);

TEST_P(BackendRepeated, ReceivesPieceByPieceUntilTheEnd)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    backend_->start(receives);
    for (const char* piece : {"a", "bc", "def"}) {
        const std::size_t before = receives.text.size();
        send_text(other, piece);
        run_until([&] { return receives.text.size() > before; });
        EXPECT_EQ(1U, backend_->in_flight());
    }
    close_now(other);
    EXPECT_EQ(0, end(receives));
    EXPECT_EQ("abcdef", receives.text);
    close_now(one);
}

TEST_P(BackendRepeated, GivesWhatWasThereBeforeItBeganAndThenTheEnd)
{
    const auto [one, other] = make_pair();
    send_text(other, "early");
    close_now(other);
    repeated receives(receive_many, one);
    backend_->start(receives);
    EXPECT_EQ(0, end(receives));
    EXPECT_EQ("early", receives.text);
    close_now(one);
}

/// The end is known while the pieces before it have not been handed on yet.
TEST_P(BackendRepeated, GivesAMegabyteInOrderAndTheEndLast)
{
    const auto [one, other] = make_pair();
    std::string all;
    for (int i = 0; all.size() < 1'000'000; ++i)
        all += std::to_string(i) + " ";
    repeated receives(receive_many, one);
    backend_->start(receives);
    std::size_t sent = 0;
    while (sent < all.size()) {
        std::string part = all.substr(sent);
        call send_it(send, other, part);
        sent += static_cast<std::size_t>(finish(send_it));
    }
    close_now(other);
    EXPECT_EQ(0, end(receives));
    EXPECT_EQ(all, receives.text);
    close_now(one);
}

TEST_P(BackendRepeated, ManyReceiveFromOneSetOfBuffers)
{
    std::vector<std::unique_ptr<repeated>> all;
    std::vector<int> others;
    for (int i = 0; i < 300; ++i) {
        const auto [one, other] = make_pair();
        all.push_back(std::make_unique<repeated>(receive_many, one));
        others.push_back(other);
        backend_->start(*all.back());
    }
    turn();
    for (const int other : others) { // all before a single one is fetched
        std::string text(10'000, 'x');
        call send_it(send, other, text);
        finish(send_it);
    }
    run_until([&] { return std::ranges::all_of(all, [](const auto& each) { return each->text.size() == 10'000; }); });
    close_all(others);
    for (const auto& each : all) {
        run_until([&] { return each->ends > 0; });
        EXPECT_EQ(0, each->result);
        close_now(each->fd);
    }
}

TEST_P(BackendRepeated, IsCancelledWhileItWaits)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    backend_->start(receives);
    turn();
    backend_->cancel(receives);
    EXPECT_EQ(-ECANCELED, end(receives));
    send_text(other, "later");
    EXPECT_EQ("later", receive_text(one, 16)) << "nothing was taken";
    close_all({one, other});
}

TEST_P(BackendRepeated, IsCancelledBeforeItBegan)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    backend_->start(receives);
    backend_->cancel(receives);
    EXPECT_EQ(-ECANCELED, end(receives));
    close_all({one, other});
}

TEST_P(BackendRepeated, IsCancelledFromInsideAndLosesNothing)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    receives.io = backend_.get();
    receives.cancel_at = 3;
    std::string all;
    backend_->start(receives);
    for (int i = 0; i < 100 && receives.ends == 0; ++i) {
        all += "0123456789";
        send_text(other, "0123456789");
    }
    run_until([&] { return receives.ends > 0; });
    close_now(other);
    std::string rest = receives.text;
    for (std::string more = receive_text(one, 4096); !more.empty(); more = receive_text(one, 4096))
        rest += more;
    EXPECT_EQ(all, rest);
    close_now(one);
}

TEST_P(BackendRepeated, ABadDescriptorEndsIt)
{
    repeated receives(receive_many, 9999);
    backend_->start(receives);
    EXPECT_EQ(-EBADF, end(receives));
    repeated accepts(accept_many, 9999);
    backend_->start(accepts);
    EXPECT_EQ(-EBADF, end(accepts));
}

TEST_P(BackendRepeated, AcceptsOneAfterTheOther)
{
    const listener at = listen_tcp();
    repeated accepts(accept_many, at.fd);
    backend_->start(accepts);
    std::vector<int> clients;
    for (std::size_t i = 0; i < 20; ++i) {
        clients.push_back(backend_->make_socket(AF_INET, SOCK_STREAM, 0));
        call connect_it(connect, clients.back(), at);
        EXPECT_EQ(0, finish(connect_it));
    }
    run_until([&] { return accepts.connections.size() == clients.size(); });
    backend_->cancel(accepts);
    EXPECT_EQ(-ECANCELED, end(accepts));
    close_all(clients);
    close_all(accepts.connections);
    close_now(at.fd);
}

TEST_P(BackendRepeated, TheDestructorEndsIt)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    backend_->start(receives);
    send_text(other, "x");
    backend_.reset();
    EXPECT_EQ(1, receives.ends);
    EXPECT_EQ(-ECANCELED, receives.result);
    if (!is_sim()) {
        ::close(one);
        ::close(other);
    }
}

TEST_P(BackendRepeated, GoesOnInAnotherThread)
{
    const auto [one, other] = make_pair();
    repeated receives(receive_many, one);
    backend_->start(receives);
    send_text(other, "first ");
    run_until([&] { return receives.text == "first "; });
    std::thread([&, to = other] {
        backend_->enter_thread();
        send_text(to, "second");
        run_until([&] { return receives.text == "first second"; });
        close_now(to);
        EXPECT_EQ(0, end(receives));
    }).join();
    backend_->enter_thread();
    close_now(one);
}

} // namespace
} // namespace simul::detail
