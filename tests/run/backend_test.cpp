// SPDX-License-Identifier: MIT
//
// One suite for all backends, then what only the real ones, uring, or sim promise.
#include "run/backend/backend.hpp"
#include "run/backend/sim.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;

/// An operation that counts its completions, and may do something when it completes.
struct call : operation {
    int completions = 0;
    void (*then)(call&) = nullptr;
    void* context = nullptr;

    explicit call(operation_kind what, int descriptor = -1)
    {
        kind = what;
        fd = descriptor;
        complete = [](operation& op) noexcept {
            auto& self = static_cast<call&>(op);
            ++self.completions;
            if (self.then)
                self.then(self);
        };
    }
    call(const call&) = delete;

    bool done() const { return completions > 0; }
};

call transfer(operation_kind kind, int fd, void* data, std::size_t size, std::int64_t offset = -1)
{
    struct filled : call {
        filled(operation_kind kind, int fd, void* data, std::size_t size, std::int64_t offset) : call(kind, fd)
        {
            this->data = data;
            this->size = size;
            this->offset = offset;
        }
    };
    static_assert(sizeof(filled) == sizeof(call));
    return call(kind, fd);
}

} // namespace
} // namespace simul::detail
