// SPDX-License-Identifier: MIT
#include "run/backend/sim_files.hpp"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <type_traits>

namespace simul::detail {

struct sim_node {
    using directory = std::map<std::string, std::shared_ptr<sim_node>, std::less<>>;

    bool is(unsigned type) const noexcept { return (mode & S_IFMT) == type; }

    unsigned mode = 0; ///< type and permissions
    std::uint64_t number = 0;
    unsigned links = 1;
    time_point modified;
    std::string content;            ///< of a file; of a symbolic link: what it says
    directory entries;              ///< of a directory
    std::weak_ptr<sim_node> parent; ///< of a directory
    std::string synced_content;     ///< what of all this is on the disk
    directory synced_entries;
};

namespace {

constexpr unsigned umask_of_sim = 022;
constexpr int most_links = 40;
constexpr std::size_t longest_name = 255;

void fill_in(const sim_node& node, struct statx& status) noexcept
{
    status = {};
    status.stx_mask = STATX_BASIC_STATS;
    status.stx_mode = static_cast<decltype(status.stx_mode)>(node.mode);
    status.stx_nlink = node.links;
    status.stx_ino = node.number;
    status.stx_dev_minor = 1;
    status.stx_size = node.content.size();
    status.stx_blksize = 4096;
    status.stx_blocks = (node.content.size() + 511) / 512;
    const auto since = node.modified.time_since_epoch().count();
    status.stx_mtime.tv_sec = since / 1'000'000'000;
    status.stx_mtime.tv_nsec = static_cast<unsigned>(since % 1'000'000'000);
    status.stx_atime = status.stx_ctime = status.stx_btime = status.stx_mtime;
}

/// An open file or directory.
class sim_file final : public sim_object {
public:
    sim_file(const sim_files& files, std::shared_ptr<sim_node> node, int flags)
        : files_(files), node_(std::move(node)), flags_(flags)
    {
    }

    const std::shared_ptr<sim_node>& node() const noexcept { return node_; }
    void step_back(std::size_t size) noexcept { position_ -= size; }

    int readiness() const noexcept override { return POLLIN | POLLOUT; }

    std::int32_t attempt(operation& op) override
    {
        switch (op.kind) {
        case operation_kind::read:
            return !may(O_RDONLY) ? -EBADF : node_->is(S_IFDIR) ? -EISDIR : read(op);
        case operation_kind::write:
            return !may(O_WRONLY) ? -EBADF : write(op);
        case operation_kind::sync:
            node_->synced_content = node_->content;
            node_->synced_entries = node_->entries;
            return 0;
        case operation_kind::resize:
            return !may(O_WRONLY) || op.offset < 0 ? -EINVAL : resize(static_cast<std::size_t>(op.offset));
        case operation_kind::set_mode:
            node_->mode = (node_->mode & S_IFMT) | (op.mode & 07777);
            return 0;
        case operation_kind::list:
            return list(*static_cast<std::vector<directory_entry>*>(op.data));
        case operation_kind::status:
            fill_in(*node_, *static_cast<struct statx*>(op.data));
            return 0;
        default:
            return -ENOTSOCK;
        }
    }

private:
    bool may(int access) const noexcept { return (flags_ & O_ACCMODE) == O_RDWR || (flags_ & O_ACCMODE) == access; }

    std::int32_t read(operation& op)
    {
        std::size_t& position = start_of(op);
        if (position >= node_->content.size())
            return 0;
        const std::size_t count = node_->content.copy(static_cast<char*>(op.data), op.size, position);
        position += count;
        return static_cast<std::int32_t>(count);
    }

    std::int32_t write(operation& op)
    {
        std::size_t& position = start_of(op);
        std::string& content = node_->content;
        if (flags_ & O_APPEND)
            position = content.size();
        const std::size_t end = files_.room_for(content, position + op.size);
        if (op.size > 0 && end <= position)
            return -ENOSPC;
        if (content.size() < end)
            content.resize(end); // a gap reads as zeros
        const std::size_t count = std::min(op.size, end - position);
        content.replace(position, count, static_cast<const char*>(op.data), count);
        position += count;
        node_->modified = files_.now();
        return static_cast<std::int32_t>(count);
    }

    std::int32_t resize(std::size_t size)
    {
        if (files_.room_for(node_->content, size) < size)
            return -ENOSPC;
        node_->content.resize(size);
        node_->modified = files_.now();
        return 0;
    }

    std::int32_t list(std::vector<directory_entry>& found) const
    {
        if (!node_->is(S_IFDIR))
            return -ENOTDIR;
        for (const auto& [name, node] : node_->entries)
            found.push_back({name, static_cast<unsigned char>(IFTODT(node->mode))});
        return 0;
    }

    /// The place a transfer starts from and advances: the file's own, or the one that was asked for.
    std::size_t& start_of(const operation& op) noexcept
    {
        if (op.offset < 0)
            return position_;
        asked_ = static_cast<std::size_t>(op.offset);
        return asked_;
    }

    const sim_files& files_;
    std::shared_ptr<sim_node> node_;
    int flags_;
    std::size_t position_ = 0;
    std::size_t asked_ = 0;
};

template <class Object> auto* as_file(Object* object) noexcept
{
    using file = std::conditional_t<std::is_const_v<Object>, const sim_file, sim_file>;
    return dynamic_cast<file*>(object);
}

std::size_t used_by(const sim_node& node)
{
    std::size_t sum = node.content.size();
    for (const auto& [name, each] : node.entries)
        sum += used_by(*each);
    return sum;
}

void forget_unsynced(sim_node& node)
{
    node.content = node.synced_content;
    node.entries = node.synced_entries;
    for (const auto& [name, each] : node.entries)
        forget_unsynced(*each);
}

} // namespace

/// Where a path leads.
struct sim_files::place {
    std::shared_ptr<sim_node> directory;
    std::string name;
    std::shared_ptr<sim_node> node; ///< null: there is nothing

    bool has_name() const noexcept { return !name.empty() && name != "." && name != ".."; }
};

sim_files::sim_files(const time_point& now) : now_(now), root_(std::make_shared<sim_node>())
{
    root_->mode = S_IFDIR | 0755;
    root_->number = last_number_;
    root_->parent = root_;
    place tmp{root_, "tmp", nullptr};
    make(tmp, S_IFDIR | 01777);
    root_->synced_entries = root_->entries;
}

std::int32_t sim_files::perform(sim_world& world, operation& op)
{
    switch (op.kind) {
    case operation_kind::open_as: {
        const open_how& how = *static_cast<const open_how*>(op.data);
        op.flags = static_cast<int>(how.flags);
        op.mode = static_cast<unsigned>(how.mode);
        [[fallthrough]];
    }
    case operation_kind::open: {
        std::shared_ptr<sim_object> opened;
        const int problem = open(world, op, opened);
        return problem == 0 ? world.insert(std::move(opened)) : problem;
    }
    case operation_kind::write_file:
        return write_file(world, op);
    case operation_kind::remove:
        return remove(world, op);
    case operation_kind::rename:
        return rename(world, op);
    case operation_kind::make_directory:
        return make_directory(world, op);
    case operation_kind::make_symlink:
        return make_symlink(world, op);
    case operation_kind::read_link:
        return read_link(world, op);
    case operation_kind::status:
        return status(world, op);
    case operation_kind::copy:
        return copy(world, op);
    default:
        return -EOPNOTSUPP;
    }
}

std::int32_t sim_files::look_at(const sim_object& object, struct statx& status) const
{
    if (const sim_file* const file = as_file(&object)) {
        fill_in(*file->node(), status);
        return 0;
    }
    sim_node other;
    other.mode = S_IFSOCK | 0777;
    other.modified = now_;
    fill_in(other, status);
    return 0;
}

std::size_t sim_files::room_for(const std::string& content, std::size_t size) const
{
    if (size <= content.size() || capacity_ == std::numeric_limits<std::size_t>::max())
        return size;
    const std::size_t used = used_by(*root_);
    const std::size_t left = used < capacity_ ? capacity_ - used : 0;
    return std::min(size, content.size() + left);
}

void sim_files::lose_power()
{
    forget_unsynced(*root_);
}

int sim_files::find(const sim_world& world, const operation& op, const char* path, bool follow, place& found) const
{
    std::shared_ptr<sim_node> start = root_;
    if (op.fd >= 0 && path[0] != '/') {
        const std::shared_ptr<sim_object> object = world.find(op.fd);
        const sim_file* const directory = as_file(object.get());
        if (!object || object->closing)
            return -EBADF;
        if (!directory)
            return -ENOTDIR;
        start = directory->node();
    }
    const std::uint64_t resolve = op.kind == operation_kind::open_as ? static_cast<const open_how*>(op.data)->resolve : 0;
    return walk(std::move(start), path, follow, resolve, found);
}

/// `found.node` is null when all but the last name is there.
int sim_files::walk(std::shared_ptr<sim_node> at, std::string rest, bool follow, std::uint64_t resolve,
                    place& found) const
{
    const bool stays_beneath = (resolve & RESOLVE_BENEATH) != 0;
    const std::shared_ptr<sim_node> start = at;
    if (rest.empty())
        return -ENOENT;
    if (rest.size() >= PATH_MAX)
        return -ENAMETOOLONG;
    if (rest.starts_with('/') && stays_beneath)
        return -EXDEV;
    if (rest.starts_with('/'))
        at = root_;
    for (int links = 0;;) {
        found.directory = at;
        rest.erase(0, std::min(rest.find_first_not_of('/'), rest.size()));
        if (rest.empty()) { // "/" alone
            found.node = at;
            return 0;
        }
        if (!at->is(S_IFDIR))
            return -ENOTDIR;
        found.name = rest.substr(0, rest.find('/'));
        if (found.name.size() > longest_name)
            return -ENAMETOOLONG;
        rest.erase(0, found.name.size());
        const bool is_last = rest.find_first_not_of('/') == std::string::npos;
        if (found.name == ".") {
            found.node = at;
        } else if (found.name == ".." && at == start && stays_beneath) {
            return -EXDEV;
        } else if (found.name == "..") {
            found.node = at->parent.lock();
        } else {
            const auto entry = at->entries.find(found.name);
            found.node = entry == at->entries.end() ? nullptr : entry->second;
        }
        if (!found.node)
            return is_last ? 0 : -ENOENT;
        if (found.node->is(S_IFLNK) && (!is_last || follow || !rest.empty())) {
            if (++links > most_links || (resolve & RESOLVE_NO_SYMLINKS) != 0)
                return -ELOOP;
            rest = found.node->content + rest;
            if (rest.starts_with('/') && stays_beneath)
                return -EXDEV;
            if (rest.starts_with('/'))
                at = root_;
            continue;
        }
        if (is_last)
            return !rest.empty() && !found.node->is(S_IFDIR) ? -ENOTDIR : 0;
        at = found.node;
    }
}

std::shared_ptr<sim_node> sim_files::make(place& at, unsigned mode)
{
    at.node = std::make_shared<sim_node>();
    at.node->mode = mode;
    at.node->number = ++last_number_;
    at.node->modified = now_;
    at.node->parent = at.directory;
    if (at.has_name()) {
        at.directory->entries[at.name] = at.node;
        at.directory->modified = now_;
    }
    return at.node;
}

int sim_files::open(const sim_world& world, const operation& op, std::shared_ptr<sim_object>& opened)
{
    const bool creates = (op.flags & O_CREAT) != 0;
    const bool only_new = creates && (op.flags & O_EXCL) != 0;
    const bool writes = (op.flags & O_ACCMODE) != O_RDONLY;
    const unsigned mode = S_IFREG | (op.mode & 07777 & ~umask_of_sim);
    place at;
    const bool follow = !only_new && (op.flags & O_NOFOLLOW) == 0;
    if (const int problem = find(world, op, op.path, follow, at); problem < 0)
        return problem;
    if ((op.flags & O_TMPFILE) == O_TMPFILE) {
        if (!at.node || !at.node->is(S_IFDIR))
            return at.node ? -ENOTDIR : -ENOENT;
        place nameless{at.node, "", nullptr};
        make(nameless, mode)->links = 0;
        opened = std::make_shared<sim_file>(*this, nameless.node, op.flags);
        return 0;
    }
    if (!at.node && !creates)
        return -ENOENT;
    if (at.node && only_new)
        return -EEXIST;
    if (!at.node)
        make(at, mode);
    if (at.node->is(S_IFLNK))
        return -ELOOP;
    if (at.node->is(S_IFDIR) && (writes || creates))
        return -EISDIR;
    if (!at.node->is(S_IFDIR) && (op.flags & O_DIRECTORY) != 0)
        return -ENOTDIR;
    if ((op.flags & O_TRUNC) != 0 && writes)
        at.node->content.clear();
    opened = std::make_shared<sim_file>(*this, at.node, op.flags);
    return 0;
}

int sim_files::write_file(const sim_world& world, operation& op)
{
    std::shared_ptr<sim_object> opened;
    if (const int problem = open(world, op, opened); problem < 0)
        return problem;
    operation write;
    write.kind = operation_kind::write;
    write.data = op.data;
    write.size = op.size;
    return opened->attempt(write);
}

int sim_files::remove(const sim_world& world, const operation& op)
{
    place at;
    if (const int problem = find(world, op, op.path, false, at); problem < 0)
        return problem;
    if (!at.node)
        return -ENOENT;
    if (!at.has_name())
        return -EBUSY;
    const bool is_directory = at.node->is(S_IFDIR);
    if (is_directory != ((op.flags & AT_REMOVEDIR) != 0))
        return is_directory ? -EISDIR : -ENOTDIR;
    if (!at.node->entries.empty())
        return -ENOTEMPTY;
    --at.node->links;
    at.directory->entries.erase(at.name);
    at.directory->modified = now_;
    return 0;
}

int sim_files::rename(const sim_world& world, const operation& op)
{
    place from;
    place to;
    if (const int problem = find(world, op, op.path, false, from); problem < 0)
        return problem;
    if (const int problem = find(world, op, op.target, false, to); problem < 0)
        return problem;
    if (!from.node)
        return -ENOENT;
    if (!from.has_name() || !to.has_name())
        return -EBUSY;
    for (auto above = to.directory; above != root_; above = above->parent.lock())
        if (above == from.node)
            return -EINVAL;
    if (to.node && (op.flags & RENAME_NOREPLACE) != 0)
        return -EEXIST;
    if (to.node == from.node)
        return 0;
    if (to.node && to.node->is(S_IFDIR) != from.node->is(S_IFDIR))
        return to.node->is(S_IFDIR) ? -EISDIR : -ENOTDIR;
    if (to.node && !to.node->entries.empty())
        return -ENOTEMPTY;
    if (to.node)
        --to.node->links;
    from.directory->entries.erase(from.name);
    from.node->parent = to.directory;
    to.directory->entries[to.name] = from.node;
    from.directory->modified = to.directory->modified = now_;
    return 0;
}

int sim_files::make_directory(const sim_world& world, const operation& op)
{
    place at;
    if (const int problem = find(world, op, op.path, false, at); problem < 0)
        return problem;
    if (at.node)
        return -EEXIST;
    make(at, S_IFDIR | (op.mode & 07777 & ~umask_of_sim));
    return 0;
}

int sim_files::make_symlink(const sim_world& world, const operation& op)
{
    place at;
    if (const int problem = find(world, op, op.path, false, at); problem < 0)
        return problem;
    if (at.node)
        return -EEXIST;
    if (op.target[0] == '\0')
        return -ENOENT;
    make(at, S_IFLNK | 0777)->content = op.target;
    at.node->synced_content = op.target;
    return 0;
}

int sim_files::read_link(const sim_world& world, const operation& op) const
{
    place at;
    if (const int problem = find(world, op, op.path, false, at); problem < 0)
        return problem;
    if (!at.node || !at.node->is(S_IFLNK))
        return at.node ? -EINVAL : -ENOENT;
    return static_cast<int>(at.node->content.copy(static_cast<char*>(op.data), op.size));
}

int sim_files::status(const sim_world& world, const operation& op) const
{
    place at;
    if (const int problem = find(world, op, op.path, (op.flags & AT_SYMLINK_NOFOLLOW) == 0, at); problem < 0)
        return problem;
    if (!at.node)
        return -ENOENT;
    fill_in(*at.node, *static_cast<struct statx*>(op.data));
    return 0;
}

int sim_files::copy(const sim_world& world, const operation& op)
{
    const std::shared_ptr<sim_object> from = world.find(op.source);
    const std::shared_ptr<sim_object> to = world.find(op.fd);
    if (!as_file(from.get()) || !as_file(to.get()))
        return -EBADF;
    std::string content(std::min(op.size, as_file(from.get())->node()->content.size()), '\0');
    operation half;
    half.kind = operation_kind::read;
    half.data = content.data();
    half.size = content.size();
    half.result = from->attempt(half);
    if (half.result <= 0)
        return half.result;
    half.kind = operation_kind::write;
    half.size = static_cast<std::size_t>(half.result);
    const std::int32_t written = to->attempt(half);
    as_file(from.get())->step_back(half.size - static_cast<std::size_t>(std::max(written, 0)));
    return written;
}

} // namespace simul::detail
