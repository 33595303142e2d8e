// SPDX-License-Identifier: MIT
#include "run/backend/sim_network.hpp"

#include <algorithm>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;

// As Linux resends: its shortest timeout, doubled each time, up to its longest.
constexpr duration first_resend = 200ms;
constexpr duration longest_resend = 120s;
constexpr int most_resends = 15;

constexpr std::size_t room_of_router = 256 * 1024; ///< for datagrams that wait for bandwidth

/// What machine 0 is called by others: addresses of nobody, kept for benchmarks and documentation.
constexpr const char* ipv4_of_the_rest = "198.18.0.1";
constexpr const char* ipv6_of_the_rest = "2001:db8:ffff::1";

} // namespace

int sim_network::add_machine(std::vector<sim_address> addresses)
{
    const int number = machines();
    for (const sim_address& each : addresses)
        owners_.emplace(each, number);
    machines_.push_back(std::move(addresses));
    return number;
}

bool sim_network::has_address(int machine, const sim_address& host) const noexcept
{
    if (is_any(host) || is_loopback(host))
        return true;
    const auto found = owners_.find(host);
    return (found == owners_.end() ? 0 : found->second) == machine;
}

int sim_network::find(int machine, const sim_address& target) const noexcept
{
    if (has_address(machine, target))
        return machine;
    const auto found = owners_.find(target);
    return found == owners_.end() ? 0 : found->second;
}

std::optional<sim_address> sim_network::source_for(int machine, const sim_address& target) const noexcept
{
    if (has_address(machine, target))
        return target; // to itself: the same
    if (machine == 0)
        return parse_sim_address(is_ipv4(target) ? ipv4_of_the_rest : ipv6_of_the_rest);
    for (const sim_address& each : machines_[static_cast<std::size_t>(machine)])
        if (is_ipv4(each) == is_ipv4(target))
            return each;
    return std::nullopt;
}

void sim_network::set_link(int one, int other, const sim_link& link)
{
    path_of(one, other).link = path_of(other, one).link = link;
}

void sim_network::part(int one, int other)
{
    path_of(one, other).parted = path_of(other, one).parted = true;
}

void sim_network::heal(int one, int other)
{
    path_of(one, other).parted = path_of(other, one).parted = false;
    unpark(one, other);
    if (one != other)
        unpark(other, one);
}

/// What waited is sent anew.
void sim_network::unpark(int from, int to)
{
    std::vector<std::shared_ptr<sim_flow>> healed;
    std::erase_if(parked_, [&](const std::shared_ptr<sim_flow>& each) {
        const bool is_one = each->from_ == from && each->to_ == to;
        if (is_one)
            healed.push_back(each);
        return is_one;
    });
    for (const auto& each : healed)
        enqueue_first(each, now_ + time_on_the_way(link_of(from, to)));
}

const sim_network::path* sim_network::find_path(int from, int to) const noexcept
{
    const auto found = paths_.find({from, to});
    return found == paths_.end() ? nullptr : &found->second;
}

const sim_link& sim_network::link_of(int from, int to) const noexcept
{
    static constexpr sim_link loopback;
    const path* const known = find_path(from, to);
    return known && known->link ? *known->link : from == to ? loopback : default_link_;
}

bool sim_network::is_parted(int from, int to) const noexcept
{
    const path* const known = find_path(from, to);
    return known && known->parted;
}

bool sim_network::is_immediate(int from, int to) const noexcept
{
    return link_of(from, to).is_immediate() && !is_parted(from, to);
}

bool sim_network::draw(double probability)
{
    return probability > 0 && static_cast<double>(random_()) < probability * 0x1p64;
}

duration sim_network::time_on_the_way(const sim_link& link)
{
    const auto most = static_cast<std::uint64_t>(link.jitter.count());
    return link.latency + duration(most == 0 ? 0 : static_cast<std::int64_t>(random_() % (most + 1)));
}

/// When the last byte has left, if the path takes in no more than its bandwidth.
time_point sim_network::time_sent(int from, int to, const sim_link& link, std::size_t size)
{
    if (link.bandwidth == 0)
        return now_;
    path& on = path_of(from, to);
    const double seconds = static_cast<double>(size) / static_cast<double>(link.bandwidth);
    on.free_at = std::max(on.free_at, now_) + std::chrono::ceil<duration>(std::chrono::duration<double>(seconds));
    return on.free_at;
}

void sim_network::enqueue(const timer& at, std::function<void()> what)
{
    queue_.emplace(at, std::move(what));
}

sim_network::timer sim_network::call_after(duration delay, std::function<void()> then)
{
    const timer at(now_ + delay, ++last_number_);
    enqueue(at, std::move(then));
    return at;
}

void sim_network::send(const std::shared_ptr<sim_flow>& flow, std::size_t size, std::function<void()> arrive,
                       when_lost what)
{
    if (flow->cut_)
        return;
    if (is_immediate(*flow))
        return arrive();
    const sim_link& link = link_of(flow->from_, flow->to_);
    time_point at = time_sent(flow->from_, flow->to_, link, size) + time_on_the_way(link);
    if (size > 0) {
        duration resend = first_resend + 2 * link.latency;
        for (int tries = 0; tries < most_resends && draw(link.loss); ++tries) {
            if (what == when_lost::forget)
                return;
            at += resend;
            resend = std::min(2 * resend, longest_resend);
        }
    }
    flow->packets_.push_back({at, ++last_number_, what == when_lost::resend, std::move(arrive)});
    if (flow->packets_.size() == 1)
        enqueue_first(flow, at);
}

void sim_network::enqueue_first(const std::shared_ptr<sim_flow>& flow, time_point at)
{
    flow->due_ = at;
    enqueue({at, flow->packets_.front().number}, [this, flow] { deliver_first(flow); });
}

/// By the time of its turn only: what comes behind was held up by it.
void sim_network::deliver_first(const std::shared_ptr<sim_flow>& flow)
{
    flow->due_.reset();
    auto& packets = flow->packets_;
    if (is_parted(flow->from_, flow->to_)) {
        while (!packets.empty() && !packets.front().is_resent)
            packets.pop_front();
        if (!packets.empty())
            parked_.push_back(flow);
        return;
    }
    const std::function<void()> arrive = std::move(packets.front().arrive);
    packets.pop_front();
    if (!packets.empty())
        enqueue_first(flow, std::max(packets.front().at, now_));
    arrive();
}

void sim_network::cut(sim_flow& flow) noexcept
{
    flow.cut_ = true;
    if (flow.due_)
        queue_.erase({*flow.due_, flow.packets_.front().number});
    flow.due_.reset();
    flow.packets_.clear();
    std::erase_if(parked_, [&](const std::shared_ptr<sim_flow>& each) { return each.get() == &flow; });
}

void sim_network::send_datagram(int from, int to, std::size_t size, std::function<void()> arrive)
{
    if (is_immediate(from, to))
        return arrive();
    const sim_link& link = link_of(from, to);
    const path* const known = find_path(from, to);
    if (link.bandwidth > 0 && known && known->free_at > now_) {
        const std::chrono::duration<double> behind = known->free_at - now_;
        if (behind.count() * static_cast<double>(link.bandwidth) + static_cast<double>(size) > room_of_router)
            return;
    }
    const time_point at = time_sent(from, to, link, size) + time_on_the_way(link);
    if (is_parted(from, to) || draw(link.loss))
        return;
    enqueue({at, ++last_number_}, [this, from, to, arrive = std::move(arrive)] {
        if (!is_parted(from, to))
            arrive();
    });
}

void sim_network::deliver_due()
{
    while (!queue_.empty() && queue_.begin()->first.first <= now_) {
        const auto first = queue_.extract(queue_.begin());
        first.mapped()();
    }
}

} // namespace simul::detail
