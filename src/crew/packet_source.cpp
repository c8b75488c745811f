// SPDX-License-Identifier: Apache-2.0
#include "crew/packet_source.hpp"

namespace mobi {

void PacketSource::set_briefs(AskBrief /*ask*/, std::function<void()> /*check*/) {}

void PacketSource::skip(std::int64_t /*index*/) {}

void PacketSource::go_on() {}

void PacketSource::archive(Archive& /*archive*/) {}

}  // namespace mobi
