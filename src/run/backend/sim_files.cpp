// SPDX-License-Identifier: MIT
#include "run/backend/sim_files.hpp"

#include <algorithm>
#include <fcntl.h>
#include <poll.h>

namespace simul::detail {
namespace {

class sim_file final : public sim_object {
public:
    sim_file(std::shared_ptr<std::string> content, int flags) : content_(std::move(content)), flags_(flags) {}

    int readiness() const noexcept override { return POLLIN | POLLOUT; }

    std::int32_t attempt(operation& op) override
    {
        if (op.kind == operation_kind::read)
            return (flags_ & O_ACCMODE) == O_WRONLY ? -EBADF : read(op);
        if (op.kind == operation_kind::write)
            return (flags_ & O_ACCMODE) == O_RDONLY ? -EBADF : write(op);
        return -ENOTSOCK;
    }

private:
    std::int32_t read(operation& op)
    {
        std::size_t& position = start_of(op);
        if (position >= content_->size())
            return 0;
        const std::size_t count = content_->copy(static_cast<char*>(op.data), op.size, position);
        position += count;
        return static_cast<std::int32_t>(count);
    }

    std::int32_t write(operation& op)
    {
        std::size_t& position = start_of(op);
        if (flags_ & O_APPEND)
            position = content_->size();
        if (content_->size() < position + op.size)
            content_->resize(position + op.size); // a gap reads as zeros
        content_->replace(position, op.size, static_cast<const char*>(op.data), op.size);
        position += op.size;
        return static_cast<std::int32_t>(op.size);
    }

    /// The place a transfer starts from and advances: the file's own, or the one that was asked for.
    std::size_t& start_of(const operation& op) noexcept
    {
        if (op.offset < 0)
            return position_;
        asked_ = static_cast<std::size_t>(op.offset);
        return asked_;
    }

    std::shared_ptr<std::string> content_;
    int flags_;
    std::size_t position_ = 0;
    std::size_t asked_ = 0;
};

} // namespace

int sim_files::open(sim_world& world, const char* path, int flags)
{
    auto found = contents_.find(std::string_view(path));
    if (found == contents_.end()) {
        if ((flags & O_CREAT) == 0)
            return -ENOENT;
        found = contents_.emplace(path, std::make_shared<std::string>()).first;
    } else if ((flags & O_CREAT) && (flags & O_EXCL)) {
        return -EEXIST;
    } else if (flags & O_DIRECTORY) {
        return -ENOTDIR;
    }
    if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
        found->second->clear();
    return world.insert(std::make_shared<sim_file>(found->second, flags));
}

} // namespace simul::detail
