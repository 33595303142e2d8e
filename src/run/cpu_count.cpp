// SPDX-License-Identifier: MIT
#include "cpu_count.hpp"

#include <simul/run/cpu_count.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <sched.h>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace simul {
namespace detail {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::vector<std::string> words_of(const std::string& line, char between)
{
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, between);)
        words.push_back(word);
    return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word)
{
    return std::ranges::find(words, word) != words.end();
}

/// A mounted hierarchy of control groups: the folder `below` of it is seen at `at`.
struct hierarchy {
    std::string below;
    std::string at;
    bool unified; ///< cgroup v2
};

/// Those that can limit CPU time: the unified one, and that of v1's controller `cpu`.
std::vector<hierarchy> hierarchies(const std::string& root)
{
    std::vector<hierarchy> found;
    std::ifstream in(root + "/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) { // 30 23 0:26 /below /at rw,nosuid shared:4 - cgroup2 cgroup2 rw
        const std::vector<std::string> words = words_of(line, ' ');
        const auto dash = std::ranges::find(words, "-");
        if (words.size() < 6 || words.end() - dash < 4)
            continue;
        const bool unified = dash[1] == "cgroup2";
        if (unified || (dash[1] == "cgroup" && contains(words_of(dash[3], ','), "cpu")))
            found.push_back({words[3], words[4], unified});
    }
    return found;
}

/// Where this process is in that hierarchy; empty when it isn't in it.
std::string group_in(const hierarchy& of, const std::string& root)
{
    std::ifstream in(root + "/proc/self/cgroup");
    for (std::string line; std::getline(in, line);) { // 0::/path, or for v1: 4:cpu,cpuacct:/path
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (of.unified ? controllers.empty() : contains(words_of(controllers, ','), "cpu"))
            return line.substr(second + 1);
    }
    return {};
}

/// "max 100000" or "150000 100000": µs of CPU time in each period of so many µs. v1 has a file for each, and -1 for max.
double quota_of_group(const std::string& folder, bool unified)
{
    double quota = 0;
    double period = 0;
    bool is_set;
    if (unified)
        is_set = static_cast<bool>(std::ifstream(folder + "/cpu.max") >> quota >> period);
    else
        is_set = std::ifstream(folder + "/cpu.cfs_quota_us") >> quota &&
                 std::ifstream(folder + "/cpu.cfs_period_us") >> period;
    return is_set && quota > 0 && period > 0 ? quota / period : unlimited;
}

} // namespace

double cpu_quota(const std::string& root)
{
    double smallest = unlimited;
    for (const hierarchy& each : hierarchies(root)) {
        const std::string top = root + each.at;
        std::string group = group_in(each, root);
        // In a container without a namespace for groups, the path is the host's and what is mounted begins below it. What
        // doesn't fit together is looked at where it is mounted.
        const std::string below = each.below == "/" ? "" : each.below;
        if (group.starts_with(below) && (group.size() == below.size() || group[below.size()] == '/'))
            group.erase(0, below.size());
        else
            group.clear();
        for (;;) {
            smallest = std::min(smallest, quota_of_group(top + group, each.unified));
            if (group.empty())
                break;
            group.erase(group.rfind('/'));
        }
    }
    return smallest;
}

namespace {

unsigned cpus_in_mask()
{
    // The kernel refuses a mask that is too small for the CPUs that it could have.
    for (std::size_t cpus = 1024; cpus <= (1u << 20); cpus *= 2) {
        std::vector<cpu_set_t> mask(cpus / 8 / sizeof(cpu_set_t));
        const std::size_t size = mask.size() * sizeof(cpu_set_t);
        if (::sched_getaffinity(0, size, mask.data()) == 0)
            return static_cast<unsigned>(CPU_COUNT_S(size, mask.data()));
        if (errno != EINVAL)
            break;
    }
    return std::thread::hardware_concurrency();
}

} // namespace
} // namespace detail

unsigned cpu_count()
{
    const double most = std::ceil(detail::cpu_quota(""));
    const unsigned cpus = std::max(1u, detail::cpus_in_mask());
    return most < cpus ? std::max(1u, static_cast<unsigned>(most)) : cpus;
}

} // namespace simul
