// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "text/sequence_template.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {

/// Reads the post_processor of a tokenizer.json: TemplateProcessing, BertProcessing,
/// RobertaProcessing, ByteLevel (which adds nothing), null, or a Sequence in which at most one adds
/// tokens.  Source: tokenizers 0.23, `processors`.
///
/// \throws DataError  naming the key and what is accepted.
SequenceTemplate read_post_processor(const JsonNode& node);

}  // namespace mobi
