// SPDX-License-Identifier: Apache-2.0
#include "fleet/large_shared_link.hpp"

#include <algorithm>
#include <iterator>

#include "core/check.hpp"

namespace mobi {

LargeSharedLink::LargeSharedLink(double bytes_per_s, std::int32_t members)
    : capacity_(bytes_per_s * 1e-9), flows_(static_cast<std::size_t>(members)) {}

void LargeSharedLink::start(std::int32_t member,
                            double own_bytes_per_s,
                            std::int64_t bytes,
                            Instant now) {
    advance(now);
    MOBI_CHECK(flow(member).kind == Kind::Idle, "member {} sends already", member);
    flow(member).own = own_bytes_per_s * 1e-9;
    insert(member, Kind::Bound, static_cast<Instant>(bytes));
    settle();
}

void LargeSharedLink::set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) {
    advance(now);
    Flow& one = flow(member);
    const double own = own_bytes_per_s * 1e-9;
    if (one.own == own) return;
    const Instant bytes = left(one);
    const Kind kind = one.kind;
    remove(member);
    one.own = own;
    insert(member, kind, bytes);
    settle();
}

Instant LargeSharedLink::stop(std::int32_t member, Instant now) {
    advance(now);
    const Instant bytes = left(flow(member));
    remove(member);
    settle();
    return bytes;
}

SharedLink::End LargeSharedLink::next_end() {
    End next;
    while (!ends_.empty() && flow(ends_.top().member).version != ends_.top().version) ends_.pop();
    if (!ends_.empty()) next = {ends_.top().at, ends_.top().member};
    if (!finishes_.empty()) {
        const auto& [finish, member] = *finishes_.begin();
        const Instant at = now_ + std::max<Instant>(0, finish - sum_) / level();
        if (at < next.at) next = {at, member};
    }
    return next;
}

void LargeSharedLink::advance(Instant to) {
    if (to <= now_) return;
    if (!finishes_.empty()) {
        // The one whose end this is has nothing left, whatever rounding says.
        const Instant first = finishes_.begin()->first;
        const Instant end = now_ + std::max<Instant>(0, first - sum_) / level();
        sum_ = to >= end ? std::max(first, sum_) : sum_ + level() * (to - now_);
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
        if (level_.empty()) sum_ = 0;  // keeps the sum's last digits
        one.finish = sum_ + left;
        level_.emplace(one.own, member);
        finishes_.emplace(one.finish, member);
        return;
    }
    one.left = left;
    one.since = now_;
    bound_rate_ += static_cast<Instant>(one.own);
    bound_.emplace(one.own, member);
    if (left <= 0)
        ends_.push({now_, member, one.version});
    else if (one.own > 0)
        ends_.push({now_ + left / static_cast<Instant>(one.own), member, one.version});
}

void LargeSharedLink::remove(std::int32_t member) {
    Flow& one = flow(member);
    MOBI_CHECK(one.kind != Kind::Idle, "member {} sends nothing", member);
    ++one.version;
    if (one.kind == Kind::Level) {
        level_.erase({one.own, member});
        finishes_.erase({one.finish, member});
    } else {
        bound_.erase({one.own, member});
        bound_rate_ -= static_cast<Instant>(one.own);
        if (bound_.empty()) bound_rate_ = 0;
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
    return std::max<Instant>(0, rest) / static_cast<Instant>(level_.size());
}

void LargeSharedLink::settle() {
    // Too fast for the level: the fastest of the bound ones first.
    while (!bound_.empty()) {
        const auto [rate, member] = *bound_.rbegin();
        const bool fits = level_.empty() ? bound_rate_ <= static_cast<Instant>(capacity_)
                                         : static_cast<Instant>(rate) <= level();
        if (fits) break;
        move(member, Kind::Level);
    }
    // Slower than the level, which rises with each that becomes bound.
    while (!level_.empty()) {
        const auto [rate, member] = *level_.begin();
        if (static_cast<Instant>(rate) > level()) break;
        move(member, Kind::Bound);
    }
}

}  // namespace mobi
