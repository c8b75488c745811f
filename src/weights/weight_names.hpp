// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// The name that a family's code knows a tensor by, from the one in a file.
///
/// Taken away are the names of what wraps a module while it is trained (`_orig_mod` of
/// torch.compile, `module` of DataParallel in front, `_fsdp_wrapped_module`,
/// `_checkpoint_wrapped_module`), then the family's prefix, which a model with a head is saved
/// with; `LayerNorm.gamma` and `LayerNorm.beta`, as TensorFlow's checkpoints have them, become
/// `weight` and `bias` (`bert-base-uncased` is published so).
///
/// \param prefix  with its dot, e.g. `"bert."`.
std::string plain_name(std::string_view stored, std::string_view prefix);

/// Up to `most` of the names that come nearest to a wanted one: first those that end in it, then
/// the one with the smallest edit distance, then those with the same last two parts; for a message.
std::vector<std::string> near_names(std::string_view wanted,
                                    std::span<const std::string> names,
                                    std::size_t most = 3);

}  // namespace mobi
