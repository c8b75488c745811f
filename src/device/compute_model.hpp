// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "core/precision.hpp"
#include "core/virtual_time.hpp"
#include "device/compute_law.hpp"
#include "device/model_size.hpp"
#include "device/profile.hpp"

namespace mobi {

/// Charged FLOPs of one forward pass of one sample, a multiply-add counted as two:
/// F = N (4 n d d_h (H + H_kv) + 4 n² H d_h + 4 n d f [6 n d f for gated MLPs]),
/// docs/method.md 4.1.
///
/// Matrix products only: no biases, norms, softmax, embedding or head; attention is not halved for
/// causal models.  Exact while the result is below 2^53.
///
/// \param tokens  n, padding included where the phone pads (`cost.padding`).
double forward_flop(const ModelSize& size, double tokens);

/// Kernels that one forward pass starts, whatever its batch and length: of each layer two norms,
/// seven products, scaling, mask, softmax, merging of the heads, activation and two sums, where
/// each is a kernel of its own; a gated MLP has one more product and one more.  Embedding and head
/// are left out, as in forward_flop().
double forward_launches(const ModelSize& size);

/// Effective rate of the device for weights of this precision, or nothing when the profile has
/// none; with measured points, what their law approaches for much work.  A missing figure falls
/// back: bf16 -> fp16 -> fp32, int4 -> int8 -> fp16 -> fp32.
std::optional<double> rate_flop_per_s(const DeviceProfile& device, Precision weights);

/// The fit that stands for this precision, as rate_flop_per_s() falls back: that of the class; null
/// where a single rate does.  Valid as long as `device.measured`.
const LawFit* fit_of(const DeviceProfile& device, Precision weights);

/// Its law with the device's own speed.
std::optional<ComputeLaw> law_of(const DeviceProfile& device, Precision weights);

/// What one packet asks of a device.
struct ComputeWork {
    double flop = 0;          ///< of all its samples
    double weight_bytes = 0;  ///< P β_w, read once a packet
    double tap_bytes = 0;     ///< written, as charged
    Precision weights = Precision::Fp16;
    std::int32_t samples = 0;
    double launches = 0;  ///< forward_launches(), once for the whole batch
};

/// For messages.  \param device  must outlive the result.
TimedWork computing_a_packet(const DeviceProfile& device);

/// Emulated time of one packet's computation:
/// t0 + max(FLOP / rate, (weight bytes + tap bytes) / memory bandwidth) x thermal stretch,
/// rounded once to whole nanoseconds (docs/design.md 5).  With measured points `launches x launch +
/// FLOP / rate` of their law takes the place of FLOP / rate, and its start-up is added to t0.  A
/// profile with `time_per_sample` takes that for every sample in place of the maximum.
///
/// \param factor  on the whole: what was drawn for this packet.
/// \throws ConfigError  when the profile lacks the rate or the memory bandwidth.
VirtualClock::duration compute_time(const DeviceProfile& device,
                                    const ComputeWork& work,
                                    double factor = 1);

}  // namespace mobi
