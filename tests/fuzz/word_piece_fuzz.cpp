// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the encoder.  The first byte is the limit, the second chooses a single text or a
// pair (and which tokenizer), the rest is the text, a pair's halves being cut in the middle.  Any
// bytes give ids of the vocabulary, as many as the limit allows.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/tokenizer_files.hpp"

namespace {

// [CLS] or <s> first: the first line decides between BERT and MPNet.
std::string vocabulary(const char* first) {
    std::string text = first;
    for (const char* piece :
         {"[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "</s>", "<pad>", "<unk>", "<mask>", "a",
          "##a", "the", "##the", ".", "\u4E2D", "##\u03C2", "\u03C3"})
        text += std::string("\n") + piece;
    return text;
}

using Tokenizers = std::array<std::unique_ptr<const mobi::Tokenizer>, 2>;

const mobi::Tokenizer& tokenizer(bool mpnet) {
    static const Tokenizers both{mobi::test::tokenizer_of_vocab_txt(vocabulary("[unused]")),
                                 mobi::test::tokenizer_of_vocab_txt(vocabulary("<s>"))};
    return *both[mpnet ? 1 : 0];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t limit = 5 + data[0];
    const bool paired = data[1] % 2 == 1;
    const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::string_view text = paired ? all.substr(0, all.size() / 2) : all;
    const auto pair = paired ? std::optional(all.substr(all.size() / 2)) : std::nullopt;
    const mobi::Tokenizer& chosen = tokenizer(data[1] / 2 % 2 == 1);
    const mobi::Encoding whole = chosen.encode(text, pair, 0);
    const mobi::Encoding cut = chosen.encode(text, pair, limit);
    for (const std::int32_t id : whole.ids)
        if (id < 0 || id >= chosen.vocabulary()) std::abort();
    if (cut.ids.size() != std::min(limit, whole.ids.size())) std::abort();
    if (cut.ids.size() != cut.type_ids.size()) std::abort();
    return 0;
}
