// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/backbone.hpp"

namespace mobi {

/// How far a backbone is from one tensor of a reference.
struct TensorError {
    std::string name;       ///< in the reference file, with `[k]` for a layer of a stacked tensor
    double relative = 0;    ///< max |x - reference| / max |reference|, both over real positions;
                            ///< infinite where either side holds a NaN
    bool compared = false;  ///< false: `note` says why not, and `relative` means nothing
    std::string note;
};

/// Computes a reference's batch and compares every tensor that a backbone can give.
///
/// The file holds int64 `input_ids`, `attention_mask` (1 = real) and maybe `token_type_ids` (b, n),
/// and fp32 tensors of one of two forms, of which any part may be absent:
///  - `hidden.<k>` (b, n, d) output of block k, 0 = embedding stage; `final_norm` (b, n, d);
///    `project_out` (b, n, e); `mean_pool`, `last_token`, `pooler_output` (b, d); `logits` (b, n,
///    V) of a language model or (b, C) of a classifier;
///  - `first`, `last`, `mean` (b, N + 1, d): the pivots of every layer.
/// With `input_ids_left` and `attention_mask_left`, the same rows padded on the left, also
/// `left.<name>` of the first form.
/// A backbone that keeps fewer layers is compared as far as it goes.
///
/// \param folder  the backbone's, for its heads' weights; empty: no head is compared.
/// \return        an entry for every tensor of the file that is not an input.
/// \throws DataError  when the reference is malformed or belongs to a model of other sizes.
std::vector<TensorError> check_reference(const Backbone& backbone,
                                         const std::filesystem::path& reference,
                                         const std::filesystem::path& folder = {});

}  // namespace mobi
