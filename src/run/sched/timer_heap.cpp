// SPDX-License-Identifier: MIT
#include "timer_heap.hpp"

#include <utility>

namespace simul::detail {
namespace {

bool before(const timer& a, const timer& b) noexcept
{
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
}

// Makes the later root the first child of the earlier one. The links of a root are free to use, hence not read.
timer* merge(timer* a, timer* b) noexcept
{
    if (before(*b, *a))
        std::swap(a, b);
    b->previous = a;
    b->next = a->child;
    if (a->child)
        a->child->previous = b;
    a->child = b;
    return a;
}

// One tree out of a list of siblings. The two passes (pair up left to right, then join right to left) are what bounds
// the amortised cost by O(log n).
timer* merge_siblings(timer* rest) noexcept
{
    timer* pairs = nullptr;
    while (rest) {
        timer* const left = rest;
        timer* const right = left->next;
        rest = right ? right->next : nullptr;
        timer* const pair = right ? merge(left, right) : left;
        pair->next = std::exchange(pairs, pair);
    }
    timer* tree = nullptr;
    while (pairs) {
        timer* const pair = std::exchange(pairs, pairs->next);
        tree = tree ? merge(tree, pair) : pair;
    }
    return tree;
}

} // namespace

void timer_heap::add(timer& t) noexcept
{
    t.child = nullptr;
    root_ = root_ ? merge(root_, &t) : &t;
    root_->next = root_->previous = nullptr;
}

void timer_heap::remove(timer& t) noexcept
{
    timer* const orphans = merge_siblings(t.child);
    if (&t == root_) {
        root_ = orphans;
    } else {
        (t.previous->child == &t ? t.previous->child : t.previous->next) = t.next;
        if (t.next)
            t.next->previous = t.previous;
        if (orphans)
            root_ = merge(root_, orphans);
    }
    if (root_)
        root_->next = root_->previous = nullptr;
}

} // namespace simul::detail
