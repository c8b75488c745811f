// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "model/family.hpp"

namespace mobi {

/// MPNet (arXiv 2004.09297), as transformers' MPNetModel computes it in eval mode: a post-norm
/// encoder like BERT, without token types, with positions from pad_token_id + 1, and with a bias on
/// every layer's attention scores that depends on key minus query (`relative_attention_bias`).
std::unique_ptr<Architecture> read_mpnet(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
