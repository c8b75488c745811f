// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the reader of vocab.json and merges.txt.  NUL bytes cut the input into vocab.json,
// merges.txt, tokenizer_config.json, special_tokens_map.json and config.json.  Either they are
// refused with a DataError, or they make a tokenizer whose ids are all below its vocabulary.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "data/byte_pair_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    mobi::BytePairFiles files;
    for (mobi::NamedText* file : {&files.vocabulary, &files.merges, &files.tokenizer_config,
                                  &files.special_tokens_map, &files.model_config}) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        *file = {"file", std::string(rest.substr(0, end))};
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    try {
        const mobi::BytePairTokenizer tokenizer(mobi::parse_byte_pair_files(files));
        const std::string_view text = "The phone's caf\u00E9 <|endoftext|> 中 untapped <mask>";
        const mobi::Encoding encoding = tokenizer.encode(text, text, 0);
        for (const std::int32_t id : encoding.ids)
            if (id < 0 || id >= tokenizer.vocabulary()) std::abort();
        if (encoding.ids.size() != encoding.type_ids.size()) std::abort();
        tokenizer.decode(encoding.ids, mobi::SpecialTokens::Drop);
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
