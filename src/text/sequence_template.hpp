// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer.hpp"

namespace mobi {

/// One element of a sequence: a text, or a special token.
struct TemplatePart {
    enum class Kind { First, Second, Special };
    Kind kind = Kind::First;
    std::int32_t id = -1;  ///< of a special token
    std::int32_t type_id = 0;

    friend bool operator==(const TemplatePart&, const TemplatePart&) = default;
};

/// How special tokens frame a text and a pair of texts, and how both are cut to a limit.
class SequenceTemplate {
  public:
    /// Appends the ids of a text; may stop once there are `enough`.
    using AppendIds = std::function<void(
        std::string_view text, std::size_t enough, std::vector<std::int32_t>& ids)>;

    /// No special tokens: `A`, and `A B` with type ids 0 and 1.
    SequenceTemplate();

    /// \param single  has First once and Second never.
    /// \param pair    has both once.
    SequenceTemplate(std::vector<TemplatePart> single, std::vector<TemplatePart> pair);

    /// BERT: `cls A sep` and `cls A sep B sep`, the second text and its sep of type 1.
    static SequenceTemplate bert(std::int32_t cls, std::int32_t sep);

    /// RoBERTa and MPNet: `cls A sep` and `cls A sep sep B sep`, all of type 0.
    static SequenceTemplate roberta(std::int32_t cls, std::int32_t sep);

    /// Decoders: `bos A eos` and `bos A eos bos B eos`, either only where there is one, the second
    /// half of type 1.
    static SequenceTemplate decoder(std::optional<std::int32_t> bos,
                                    std::optional<std::int32_t> eos);

    /// What Tokenizer::encode() promises.
    /// \throws ConfigError  when max_tokens leaves no room for the special tokens.
    Encoding encode(std::string_view text,
                    std::optional<std::string_view> pair,
                    std::size_t max_tokens,
                    const AppendIds& append_ids) const;

    friend bool operator==(const SequenceTemplate&, const SequenceTemplate&) = default;

    /// The largest id of a special token, -1 without any.
    std::int32_t largest_id() const noexcept;

  private:
    std::vector<TemplatePart> single_, pair_;
};

}  // namespace mobi
