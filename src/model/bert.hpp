// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "model/family.hpp"

namespace mobi {

/// BERT (arXiv 1810.04805), as transformers' BertModel computes it in eval mode: a post-norm
/// encoder, absolute positions from 0, token types, erf GELU.  The pooler is not part of it.
std::unique_ptr<Architecture> read_bert(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
