// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "messages/forward_request.hpp"
#include "messages/worker_setup.hpp"
#include "model/backbone.hpp"
#include "model/residual_head.hpp"

namespace mobi {

/// How the samples of a request are cut into batches: sorted by length (ties in the request's
/// order), cut before a batch would exceed `batch_tokens`; one longer sample is a batch of its own.
/// A function of the request alone, never of ranks or threads (docs/design.md 4.2).
/// \param lengths  tokens of every sample.
/// \return         indices into `lengths`, one list a batch.
std::vector<std::vector<std::size_t>> cut_into_batches(std::span<const std::size_t> lengths,
                                                       std::size_t batch_tokens);

/// Passes the samples of a request through its backbone, many devices at once and without padding,
/// and makes the packets that the devices would have sent.
///
/// \param emit  takes each packet's encoded bytes, in the request's order.
/// \return      the request's numbers, without times.
/// Uses the calling thread alone; set its thread count to one first.
RequestReport forward_request(const ForwardRequest& request,
                              const WorkerSetup& setup,
                              const Backbone& backbone,
                              const ResidualHead& head,
                              const std::function<void(Bytes)>& emit);

/// Packets of zeros in place of those of forward_request(): as large, and nothing is computed.
RequestReport empty_request(const ForwardRequest& request,
                            const WorkerSetup& setup,
                            const std::function<void(Bytes)>& emit);

}  // namespace mobi
