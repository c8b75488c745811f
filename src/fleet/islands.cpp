// SPDX-License-Identifier: Apache-2.0
#include "fleet/islands.hpp"

#include <numeric>

namespace mobi {
namespace {

/// Disjoint sets whose representative is the first member.
class FirstOf {
  public:
    explicit FirstOf(std::size_t count) : parents_(count) {
        std::iota(parents_.begin(), parents_.end(), 0);
    }

    std::int32_t find(std::int32_t one) {
        std::int32_t first = one;
        while (parent(first) != first) first = parent(first);
        while (parent(one) != first) {
            const std::int32_t next = parent(one);
            parent(one) = first;
            one = next;
        }
        return first;
    }

    void join(std::int32_t a, std::int32_t b) {
        a = find(a);
        b = find(b);
        if (a < b)
            parent(b) = a;
        else
            parent(a) = b;
    }

  private:
    std::int32_t& parent(std::int32_t one) { return parents_[static_cast<std::size_t>(one)]; }

    std::vector<std::int32_t> parents_;
};

}  // namespace

Islands::Islands(std::size_t devices, std::span<const std::vector<std::int32_t>* const> groups)
    : count_(static_cast<std::int32_t>(devices)) {
    if (groups.empty()) return;
    FirstOf first(devices);
    for (const std::vector<std::int32_t>* const group : groups)
        for (const std::int32_t device : *group) first.join(group->front(), device);
    of_.resize(devices);
    count_ = 0;
    for (std::size_t i = 0; i < devices; ++i) {
        const auto device = static_cast<std::int32_t>(i);
        const std::int32_t one = first.find(device);
        of_[i] = one == device ? count_++ : of_[static_cast<std::size_t>(one)];
    }
}

}  // namespace mobi
