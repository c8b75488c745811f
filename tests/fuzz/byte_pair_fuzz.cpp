// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the byte-pair encoder.  The first byte chooses the splitter, the rest is the text.
// Any bytes give ids of the vocabulary that decode to the text, with U+FFFD for what is not UTF-8.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "text/byte_pair_tokenizer.hpp"
#include "text/utf8.hpp"

namespace {

constexpr std::array kSplitters{mobi::Splitter::Gpt2, mobi::Splitter::Qwen2, mobi::Splitter::Llama3,
                                mobi::Splitter::Digits};

/// All bytes, and a few merges.
mobi::BytePairSpec spec(mobi::Splitter splitter) {
    mobi::BytePairSpec made;
    made.words.splitters = {splitter};
    for (int byte = 0; byte < 256; ++byte)
        made.vocabulary.pieces.emplace_back(std::string(1, static_cast<char>(byte)), byte);
    const auto merge = [&](std::int32_t left, std::int32_t right) {
        const auto id = static_cast<std::int32_t>(made.vocabulary.pieces.size());
        const auto text = [&](std::int32_t part) {
            return made.vocabulary.pieces[static_cast<std::size_t>(part)].first;
        };
        made.vocabulary.pieces.emplace_back(text(left) + text(right), id);
        made.vocabulary.merges.push_back({left, right, id, id});
        return id;
    };
    merge(' ', merge(merge('t', 'h'), 'e'));
    merge(' ', ' ');
    merge(merge('a', 'a'), 'a');
    merge(0xC3, 0xA9);
    return made;
}

const mobi::Tokenizer& tokenizer(std::size_t choice) {
    static const auto all = [] {
        std::array<std::unique_ptr<const mobi::Tokenizer>, kSplitters.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i)
            made.at(i) = std::make_unique<mobi::BytePairTokenizer>(spec(kSplitters.at(i)));
        return made;
    }();
    return *all.at(choice % all.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const mobi::Tokenizer& chosen = tokenizer(data[0]);
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto ids = chosen.encode_bare(text);
    for (const std::int32_t id : ids)
        if (id < 0 || id >= chosen.vocabulary()) std::abort();
    if (chosen.decode(ids, mobi::SpecialTokens::Keep) != mobi::replaced_utf8(text)) std::abort();
    return 0;
}
