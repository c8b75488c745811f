// SPDX-License-Identifier: Apache-2.0
#include "sharing/small_shared_link.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "sharing/water_filling.hpp"

namespace mobi {

void SmallSharedLink::start(std::int32_t member,
                            double own_bytes_per_s,
                            std::int64_t bytes,
                            Instant now) {
    advance(now);
    flows_.push_back({member, own_bytes_per_s, 0, kPerByte * static_cast<Instant>(bytes)});
    divided_ = false;
}

void SmallSharedLink::set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) {
    advance(now);
    find(member)->own = own_bytes_per_s;
    divided_ = false;
}

Instant SmallSharedLink::stop(std::int32_t member, Instant now) {
    advance(now);
    const auto flow = find(member);
    const Instant left = flow->left;
    flows_.erase(flow);
    divided_ = false;
    return left / kPerByte;
}

SharedLink::End SmallSharedLink::next_end() {
    divide();
    End next;
    for (const Flow& flow : flows_)
        if (const Instant end = end_of(flow); end < next.at) next = {end, flow.member};
    return next;
}

Instant SmallSharedLink::end_of(const Flow& flow) const {
    if (flow.rate > 0) return now_ + flow.left / static_cast<Instant>(flow.rate);
    return flow.left > 0 ? kNever : now_;
}

void SmallSharedLink::advance(Instant to) {
    if (to <= now_) return;
    divide();
    for (Flow& flow : flows_) {
        // The one whose end this is has nothing left, whatever rounding says.
        const bool ends = end_of(flow) <= to;
        flow.left = ends ? 0 : flow.left - static_cast<Instant>(flow.rate) * (to - now_);
    }
    now_ = to;
}

void SmallSharedLink::divide() {
    if (divided_) return;
    divided_ = true;
    demands_.clear();
    for (const Flow& flow : flows_)
        if (flow.own > 0) demands_.push_back(flow.own);
    const double level = fair_level(demands_, capacity_);
    for (Flow& flow : flows_) flow.rate = std::min(flow.own, level);
}

std::vector<SmallSharedLink::Flow>::iterator SmallSharedLink::find(std::int32_t member) {
    const auto found = std::find_if(flows_.begin(), flows_.end(),
                                    [&](const Flow& flow) { return flow.member == member; });
    MOBI_CHECK(found != flows_.end(), "member {} sends nothing", member);
    return found;
}

}  // namespace mobi
