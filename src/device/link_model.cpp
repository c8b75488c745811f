// SPDX-License-Identifier: Apache-2.0
#include "device/link_model.hpp"

#include <algorithm>

#include "core/virtual_time.hpp"

namespace mobi {

LinkDirection uplink(const LinkProfile& link) {
    return {&link,
            "an upload over link.",
            link.uplink_bytes_per_s,
            link.uplink_deviation_bytes_per_s,
            link.trace.get(),
            link.cell_uplink_bytes_per_s};
}

LinkDirection downlink(const LinkProfile& link) {
    return {&link,
            "a download over link.",
            link.downlink_bytes_per_s,
            link.downlink_deviation_bytes_per_s,
            link.downlink_trace.get(),
            link.cell_downlink_bytes_per_s};
}

VirtualClock::duration transfer_time(const LinkDirection& direction, double charged_bytes) {
    return transfer_time(direction, charged_bytes, direction.bytes_per_s);
}

VirtualClock::duration transfer_time(const LinkDirection& direction,
                                     double charged_bytes,
                                     double bytes_per_s) {
    return virtual_duration(charged_bytes / bytes_per_s, direction.work());
}

VirtualClock::duration latency(const LinkProfile& link) {
    return virtual_duration(link.latency_s, {"the latency of link.", link.name});
}

VirtualClock::duration latency(const LinkProfile& link, RandomStream random) {
    if (link.jitter_s <= 0) return latency(link);
    return virtual_duration(std::max(0.0, link.latency_s + link.jitter_s * random.normal()),
                            {"the latency of link.", link.name});
}

}  // namespace mobi
