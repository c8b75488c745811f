// SPDX-License-Identifier: Apache-2.0
#include "sharing/large_shared_link.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace mobi {

LargeSharedLink::LargeSharedLink(double bytes_per_s, std::int32_t members)
    : capacity_(bytes_per_s), flows_(static_cast<std::size_t>(members)) {}

void LargeSharedLink::start(std::int32_t member,
                            double own_bytes_per_s,
                            std::int64_t bytes,
                            Instant now) {
    advance(now);
    MOBI_CHECK(flow(member).kind == Kind::Idle, "member {} sends already", member);
    flow(member).own = own_bytes_per_s;
    insert(member, Kind::Bound, kPerByte * static_cast<Instant>(bytes));
    settle();
}

void LargeSharedLink::set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) {
    advance(now);
    Flow& one = flow(member);
    if (one.own == own_bytes_per_s) return;
    const Instant bytes = left(one);
    const Kind kind = one.kind;
    remove(member);
    one.own = own_bytes_per_s;
    insert(member, kind, bytes);
    settle();
}

Instant LargeSharedLink::stop(std::int32_t member, Instant now) {
    advance(now);
    const Instant bytes = left(flow(member));
    remove(member);
    settle();
    return bytes / kPerByte;
}

SharedLink::End LargeSharedLink::next_end() {
    End next;
    if (const auto* const end = first(ends_)) next = {end->key, end->member};
    if (const auto* const finish = first(finishes_)) {
        const Instant at = now_ + std::max<Instant>(0, finish->key - sum_) / level();
        if (at < next.at) next = {at, finish->member};
    }
    return next;
}

void LargeSharedLink::advance(Instant to) {
    if (to <= now_) return;
    if (const auto* const finish = first(finishes_)) {
        // The one whose end this is has nothing left, whatever rounding says.
        const Instant end = now_ + std::max<Instant>(0, finish->key - sum_) / level();
        sum_ = to >= end ? std::max(finish->key, sum_) : sum_ + level() * (to - now_);
    }
    now_ = to;
}

Instant LargeSharedLink::left(const Flow& flow) const {
    if (flow.kind == Kind::Level) return std::max<Instant>(0, flow.finish - sum_);
    const Instant carried = static_cast<Instant>(flow.own) * (now_ - flow.since);
    const bool ended =
        flow.own > 0 && flow.since + flow.left / static_cast<Instant>(flow.own) <= now_;
    return ended ? 0 : flow.left - carried;
}

void LargeSharedLink::insert(std::int32_t member, Kind kind, Instant left) {
    Flow& one = flow(member);
    one.kind = kind;
    ++one.version;
    if (kind == Kind::Level) {
        if (levels_++ == 0) sum_ = 0;  // keeps the sum's last digits
        one.finish = sum_ + left;
        push(slowest_level_, one.own, member);
        push(finishes_, one.finish, member);
        return;
    }
    one.left = left;
    one.since = now_;
    bound_rate_ += static_cast<Instant>(one.own);
    ++bounds_;
    push(fastest_bound_, -one.own, member);
    if (left <= 0)
        push(ends_, now_, member);
    else if (one.own > 0)
        push(ends_, now_ + left / static_cast<Instant>(one.own), member);
}

void LargeSharedLink::remove(std::int32_t member) {
    Flow& one = flow(member);
    MOBI_CHECK(one.kind != Kind::Idle, "member {} sends nothing", member);
    ++one.version;
    if (one.kind == Kind::Level) {
        --levels_;
    } else {
        bound_rate_ -= static_cast<Instant>(one.own);
        if (--bounds_ == 0) bound_rate_ = 0;
    }
    one.kind = Kind::Idle;
}

void LargeSharedLink::move(std::int32_t member, Kind kind) {
    const Instant bytes = left(flow(member));
    remove(member);
    insert(member, kind, bytes);
}

Instant LargeSharedLink::level() const {
    const Instant rest = static_cast<Instant>(capacity_) - bound_rate_;
    return std::max<Instant>(0, rest) / static_cast<Instant>(levels_);
}

void LargeSharedLink::settle() {
    // Too fast for the level: the fastest of the bound ones first.
    while (const auto* const fastest = first(fastest_bound_)) {
        const bool fits = levels_ == 0 ? bound_rate_ <= static_cast<Instant>(capacity_)
                                       : static_cast<Instant>(-fastest->key) <= level();
        if (fits) break;
        move(fastest->member, Kind::Level);
    }
    // Slower than the level, which rises with each that becomes bound.
    while (const auto* const slowest = first(slowest_level_)) {
        if (static_cast<Instant>(slowest->key) > level()) break;
        move(slowest->member, Kind::Bound);
    }
}

template <typename Key>
const typename MemberHeap<Key>::Entry* LargeSharedLink::first(MemberHeap<Key>& heap) {
    return heap.top([this](std::int32_t member, std::uint32_t version) {
        return flow(member).version == version;
    });
}

template <typename Key>
void LargeSharedLink::push(MemberHeap<Key>& heap, Key key, std::int32_t member) {
    heap.push({key, member, flow(member).version});
    heap.tidy(bounds_ + levels_, [this](std::int32_t one, std::uint32_t version) {
        return flow(one).version == version;
    });
}

}  // namespace mobi
