// SPDX-License-Identifier: Apache-2.0
#include "method/device_selector.hpp"

#include <algorithm>
#include <utility>

#include "core/rng.hpp"

namespace mobi {

std::vector<DeviceId> UniformSelector::select(std::int64_t draw,
                                              std::span<const DeviceId> from,
                                              std::size_t count) {
    std::vector<DeviceId> devices(from.begin(), from.end());
    RandomStream random(seed_, Purpose::Selection, static_cast<std::uint64_t>(draw));
    count = std::min(count, devices.size());
    for (std::size_t i = 0; i < count; ++i)
        std::swap(devices[i], devices[i + random.below(devices.size() - i)]);
    devices.resize(count);
    std::sort(devices.begin(), devices.end());
    return devices;
}

std::vector<DeviceId> CyclicSelector::select(std::int64_t,
                                             std::span<const DeviceId> from,
                                             std::size_t count) {
    std::vector<DeviceId> devices;
    const std::size_t begin = place_;
    for (std::size_t i = 0; i < order_.size() && devices.size() < count; ++i) {
        const std::size_t place = (begin + i) % order_.size();
        if (!std::binary_search(from.begin(), from.end(), order_[place])) continue;
        devices.push_back(order_[place]);
        place_ = (place + 1) % order_.size();
    }
    return devices;
}

}  // namespace mobi
