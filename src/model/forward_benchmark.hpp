// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/backbone.hpp"

namespace mobi {

/// How fast a backbone computes batches of one size.
struct ForwardSpeed {
    std::int32_t batch_tokens = 0;  ///< asked for; batches are a little smaller
    double mean_tokens = 0;         ///< of a batch
    double tokens_per_second = 0;   ///< real tokens
    double flop_per_second = 0;     ///< done_forward_flop() a second
    double linear_peak = 0;      ///< FLOP/s of `at::linear` at the model's shapes, same row count
    double packed_peak = 0;      ///< FLOP/s of our packed products at the same shapes
    double share_of_linear = 0;  ///< median over the alternations of flop_per_second / linear_peak
    double share_of_packed = 0;  ///< the same against packed_peak
};

/// Measures forward passes, `at::linear` and packed products in turn, three times, and takes
/// medians of the three ratios: a neighbour that slows the machine down slows all of them.
///
/// Uses as many threads as the calling thread has by `at::set_num_threads`.
/// \param lengths       of sequences, in tokens; taken in order, again from the start when they
/// end. \param batch_tokens  sequences are packed into batches of at most this many tokens. \param
/// pivot         what is asked for; the taps of half of the layers are. \param seconds       of
/// each measurement.
ForwardSpeed measure_forward(const Backbone& backbone,
                             Precision arithmetic,
                             std::span<const std::int32_t> lengths,
                             std::int32_t batch_tokens,
                             Pivot pivot,
                             double seconds);

/// What was measured, as one JSON object.
std::string forward_report_json(const std::string& folder,
                                const BackboneInfo& info,
                                int threads,
                                std::span<const ForwardSpeed> speeds);

}  // namespace mobi
