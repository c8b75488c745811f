// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the tokenizer.json reader.  Either the text is refused with a DataError, or it
// makes a tokenizer whose ids are all below its vocabulary.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "support/tokenizer_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string json(reinterpret_cast<const char*>(data), size);
    if (json.empty()) return 0;  // there is no such file
    try {
        const auto tokenizer = mobi::test::tokenizer_of_json(json);
        const std::string_view text = "The phone's caf\u00E9 [SEP] 中 untapped <mask>";
        const mobi::Encoding encoding = tokenizer->encode(text, text, 0);
        for (const std::int32_t id : encoding.ids)
            if (id < 0 || id >= tokenizer->vocabulary()) std::abort();
        if (encoding.ids.size() != encoding.type_ids.size()) std::abort();
        tokenizer->decode(encoding.ids, mobi::SpecialTokens::Drop);
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
