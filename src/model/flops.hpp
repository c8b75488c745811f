// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/precision.hpp"
#include "device/model_size.hpp"
#include "model/backbone.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// FLOP that Backbone::forward() really does for a batch: products and attention of real tokens, 1
/// multiply-add = 2; neither norms, activations, embedding nor the rows that fill up a block.
///
/// With a pivot of one token (First, Last) the last block's attention, output projection and MLP
/// are done for that token alone.  This is the host's figure (`/host/done_flop`), not what a device
/// is charged: that is forward_flop() of device/compute_model.
/// \param pivot  as given to forward(), Auto resolved.
double done_forward_flop(const ModelSize& size,
                         const PackedBatch& batch,
                         Pivot pivot = Pivot::Mean);

/// FLOP/s of `at::linear` at the four product shapes of a block (qkv, out, up, down), each weighted
/// by its share of the FLOP: what a forward pass is compared with.
///
/// By the calling thread's processor time.  Takes the best of three passes, 0.1 to 0.6 s for 12 x
/// 768 and 2,048 tokens, with as many threads as the calling thread has by `at::set_num_threads`.
/// \param arithmetic  Fp32 or Bf16.
/// \param tokens      rows of the products, e.g. `forward.batch_tokens`.
double measure_gemm_peak(const ModelSize& size, Precision arithmetic, int tokens);

/// The same of our own products with packed weights (linear.hpp), in blocks of rows as a forward
/// pass does them.
double measure_packed_peak(const ModelSize& size, Precision arithmetic, int tokens);

}  // namespace mobi
