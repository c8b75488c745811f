// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/precision.hpp"
#include "device/model_size.hpp"

namespace mobi {

/// P β_w: bytes of the weights on the device.  Without a resident embedding its tables do not
/// count.  Scales of integer weights are not counted.
double weight_bytes(const ModelSize& size, Precision weights, bool resident_embedding);

/// Memory that a forward pass needs: P β_w + b n (2d + max(f, 3d)) β_a + b H n² β_a, the weights
/// and the working set of one layer (docs/method.md 4.2).
///
/// \param batch             b, samples computed at once: those of a packet.
/// \param tokens            n, padding included.
/// \param activation_bytes  β_a, of one activation number.
double inference_memory_bytes(const ModelSize& size,
                              Precision weights,
                              bool resident_embedding,
                              int batch,
                              int tokens,
                              double activation_bytes);

}  // namespace mobi
