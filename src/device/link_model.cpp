// SPDX-License-Identifier: Apache-2.0
#include "device/link_model.hpp"

#include "device/virtual_time.hpp"

namespace mobi {

VirtualClock::duration send_time(const LinkProfile& link, double charged_bytes) {
    return virtual_duration(charged_bytes / link.uplink_bytes_per_s, "an upload over link",
                            link.name);
}

VirtualClock::duration receive_time(const LinkProfile& link, double charged_bytes) {
    return virtual_duration(charged_bytes / link.downlink_bytes_per_s, "a download over link",
                            link.name);
}

VirtualClock::duration latency(const LinkProfile& link) {
    return virtual_duration(link.latency_s, "the latency of link", link.name);
}

}  // namespace mobi
