// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "crew/forward_requests.hpp"
#include "data/task.hpp"
#include "method/fleet_plan.hpp"
#include "text/tokenizer.hpp"

namespace mobi {

/// The tokenizers of a fleet's backbones; that of a folder is loaded once.
class FleetTokenizers {
  public:
    /// \throws DataError  as load_tokenizer().
    FleetTokenizers(const RunConfig& config, const FleetPlan& plan);

    /// \param backbone  index into `plan.backbones`.
    const Tokenizer& of(std::size_t backbone) const { return *entries_.at(backbone).tokenizer; }
    /// Token types that the backbone has rows for; 0: it ignores them.
    std::int32_t token_types(std::size_t backbone) const {
        return entries_.at(backbone).token_types;
    }

  private:
    struct Entry {
        const Tokenizer* tokenizer = nullptr;
        std::int32_t token_types = 0;
    };
    std::map<std::string, std::unique_ptr<Tokenizer>> by_folder_;
    std::vector<Entry> entries_;  // by backbone
};

// Both functions refuse, by file and line, a sample that a backbone which reads it could not
// compute with:
//
//   no token         the tokenizer puts no special token around an empty text, or around one of
//                    which its normaliser leaves nothing; with special tokens such a text is read
//                    as those, and a warning says so
//   a token, or a token type, that the backbone has no row for
//
// A text is checked for the backbones that read it: a training sample for that of its device, a
// test sample for all that devices carry.

/// Tokens of every training sample by its device's tokenizer; sets `tokens` of the plan's samples.
/// \throws DataError    at the first sample that is refused; says how many are.
/// \throws ConfigError  when data.max_tokens leaves no room beside the special tokens.
std::vector<TokenTable::Sample> tokenise_train(const RunConfig& config,
                                               const TextSet& train,
                                               const FleetTokenizers& tokenizers,
                                               FleetPlan& plan);

/// The test set by each backbone that admitted devices carry, empty for others.
/// \throws DataError    as tokenise_train().
/// \throws ConfigError  as tokenise_train().
std::vector<std::vector<TokenTable::Sample>> tokenise_test(const RunConfig& config,
                                                           const TextSet& test,
                                                           const FleetTokenizers& tokenizers,
                                                           const FleetPlan& plan);

/// The same of the validation set, followed by the test set; ids count through both.
std::vector<std::vector<TokenTable::Sample>> tokenise_evaluation(const RunConfig& config,
                                                                 const Task& task,
                                                                 const FleetTokenizers& tokenizers,
                                                                 const FleetPlan& plan);

}  // namespace mobi
