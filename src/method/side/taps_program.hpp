// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "method/device_program.hpp"

namespace mobi {

/// How the samples of a request are cut into batches: sorted by length (ties in the request's
/// order), cut before a batch would exceed `batch_tokens`; one longer sample is a batch of its own.
/// A function of the request alone, never of ranks or threads (docs/design.md 4.2).
/// \param lengths  tokens of every sample.
/// \return         indices into `lengths`, one list a batch.
std::vector<std::vector<std::size_t>> cut_into_batches(std::span<const std::size_t> lengths,
                                                       std::size_t batch_tokens);

/// Passes the samples of some work through its backbone, many devices at once and without padding,
/// and makes the packets that the devices would have sent.
class TapsProgram final : public DeviceProgram {
  public:
    WorkCounts run(const Work& work, const Workshop& workshop, const Emit& emit) const override;
    WorkCounts run_empty(const Work& work,
                         const Workshop& workshop,
                         const Emit& emit) const override;
};

}  // namespace mobi
