// SPDX-License-Identifier: Apache-2.0
// Fuzz target of a tokenizer's folder.  NUL bytes cut the input into tokenizer.json, vocab.txt,
// vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json, added_tokens.json and
// config.json.  Either they are refused with a DataError, or they make a tokenizer whose ids are
// all below its vocabulary, and one-line notes about what was read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/text.hpp"
#include "support/tokenizer_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    mobi::TokenizerFiles files = mobi::test::absent_files();
    for (mobi::NamedText* file : {&files.tokenizer_json, &files.vocab_txt, &files.vocab_json,
                                  &files.merges, &files.tokenizer_config, &files.special_tokens_map,
                                  &files.added_tokens, &files.model_config}) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        file->text = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    try {
        const auto tokenizer = mobi::make_tokenizer(files);
        const std::string_view text =
            "The phone's caf\u00E9 <|endoftext|> 中 untapped <mask> [SEP]";
        const mobi::Encoding encoding = tokenizer->encode(text, text, 0);
        for (const std::int32_t id : encoding.ids)
            if (id < 0 || id >= tokenizer->vocabulary()) std::abort();
        if (encoding.ids.size() != encoding.type_ids.size()) std::abort();
        tokenizer->decode(encoding.ids, mobi::SpecialTokens::Drop);
        for (const mobi::SourceNote& note : tokenizer->sources())
            if (!mobi::is_one_line(describe(note))) std::abort();
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
