// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/byte_io.hpp"
#include "core/zeroed_array.hpp"
#include "method/fleet_plan.hpp"
#include "method/side/parameters.hpp"
#include "method/side/side_network.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// A batch as the trainer takes it: grouped by projection source, ids increasing within each.
struct TrainingBatch {
    std::vector<SideInput> parts;
    at::Tensor residual;             ///< Δy, float32 (b, C), rows in the order of the parts
    at::Tensor labels;               ///< int64 (b); undefined unless packets carry labels
    std::vector<std::size_t> order;  ///< of each row, the place of its sample in what was asked for
};

/// Which projection a device's taps pass: its backbone's, or its own (`align.projection`).
class SourceMap {
  public:
    SourceMap(const FleetPlan& plan, ProjectionScope scope);

    std::int32_t of_device(std::int32_t device) const {
        return source_of_device_[static_cast<std::size_t>(device)];
    }
    /// The sources that the samples of a backbone pass: one, or one a device.
    const std::vector<std::int32_t>& of_backbone(std::int32_t backbone) const {
        return sources_of_backbone_[static_cast<std::size_t>(backbone)];
    }
    std::int32_t backbone_of(std::int32_t source) const {
        return backbone_of_source_[static_cast<std::size_t>(source)];
    }
    const std::vector<SideShape::Source>& sources() const noexcept { return sources_; }

  private:
    std::vector<SideShape::Source> sources_;
    std::vector<std::int32_t> source_of_device_;
    std::vector<std::vector<std::int32_t>> sources_of_backbone_;
    std::vector<std::int32_t> backbone_of_source_;
};

/// The server's cache of uploaded samples, kept as they came over the wire and decoded when a batch
/// is drawn: Σ D_k (B d β + 4C) bytes, taken from the machine as packets come.
///
/// Not thread-safe.
class Inbox {
  public:
    /// \param classes  C.
    Inbox(const FleetPlan& plan, const SourceMap& sources, std::int32_t classes);

    /// Keeps a packet's samples.  The same sample again changes nothing.
    /// \return  those that were not there.
    /// \throws Bug  when a sample was not planned for the packet's device.
    std::vector<std::int32_t> insert(const Packet& packet);

    /// \param samples  ids, increasing, all inserted before.
    TrainingBatch gather(std::span<const std::int32_t> samples) const;

    /// The class of a sample: the label its packet carries, else the one that its residual gives
    /// away (method/side/loss.hpp).  \param sample  inserted before.
    std::int32_t class_of(std::int32_t sample) const;

    /// The backbone type a sample comes from.
    std::int32_t backbone_of(std::int32_t sample) const {
        return places_.at(static_cast<std::size_t>(sample)).backbone;
    }

    std::size_t allocated_bytes() const noexcept;

  private:
    struct Store {  // one backbone type; row = place among its samples
        PacketLayout layout;
        std::size_t row_bytes = 0;    // taps of one sample
        ZeroedArray<std::byte> taps;  // (rows, taps, vector)
        ZeroedArray<float> scales;    // (rows, taps)
        ZeroedArray<float> residual;  // (rows, C)
        ZeroedArray<std::int32_t> labels;
    };
    struct Place {
        std::int32_t backbone = -1;
        std::int32_t source = -1;
        std::int64_t row = -1;
    };

    void decode_row(const Store& store,
                    std::int64_t row,
                    float* taps,
                    std::int64_t column,
                    std::int64_t batch) const;

    std::vector<Store> stores_;
    std::vector<Place> places_;  // by sample id
    std::vector<char> there_;    // likewise
    std::int32_t classes_;
};

}  // namespace mobi
