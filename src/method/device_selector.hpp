// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/id.hpp"

namespace mobi {

/// Who takes part.
class DeviceSelector {
  public:
    virtual ~DeviceSelector() = default;

    /// Up to `count` of those that may be asked, without repeats.
    /// \param draw  of the run, from 0: a round, or a single dispatch.
    /// \param from  in the order of their ids.
    virtual std::vector<DeviceId> select(std::int64_t draw,
                                         std::span<const DeviceId> from,
                                         std::size_t count) = 0;
};

/// Every set of the same size is equally likely (McMahan et al., arXiv 1602.05629).
class UniformSelector final : public DeviceSelector {
  public:
    explicit UniformSelector(std::uint64_t seed) : seed_(seed) {}

    /// \return  in the order of their ids.
    std::vector<DeviceId> select(std::int64_t draw,
                                 std::span<const DeviceId> from,
                                 std::size_t count) override;

  private:
    std::uint64_t seed_;
};

/// In a fixed cyclic order, from behind the one that was asked last.
class CyclicSelector final : public DeviceSelector {
  public:
    explicit CyclicSelector(std::vector<DeviceId> order) : order_(std::move(order)) {}

    std::vector<DeviceId> select(std::int64_t draw,
                                 std::span<const DeviceId> from,
                                 std::size_t count) override;

  private:
    std::vector<DeviceId> order_;
    std::size_t place_ = 0;
};

}  // namespace mobi
