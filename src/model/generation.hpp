// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/backbone.hpp"
#include "model/folder_heads.hpp"

namespace mobi {

/// Greedy decoding: the most likely token again and again (of equal ones the lowest id).
///
/// Every step passes the whole sequence again; it is there to check a model, not to serve one.
/// \param prompt  at least one id.
/// \param count   tokens to add at most; fewer when the sequence reaches `info().max_tokens`.
/// \return        the added ids.
/// \throws DataError    when the folder holds no language model head.
/// \throws ConfigError  when the prompt is empty.
std::vector<std::int32_t> generate_greedily(const Backbone& backbone,
                                            const FolderHeads& heads,
                                            std::span<const std::int32_t> prompt,
                                            std::int32_t count);

}  // namespace mobi
