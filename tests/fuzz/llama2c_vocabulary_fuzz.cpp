// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the reader of llama2.c's tokenizer.bin.  Either the bytes are refused with a
// DataError, or they make a tokenizer whose ids are all below its vocabulary.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "tokenizer/llama2c_vocabulary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    try {
        const mobi::BytePairTokenizer tokenizer(mobi::parse_llama2c_vocabulary("t.bin", bytes));
        const std::string_view text = "The phone's caf\u00E9 <s> 中 untapped";
        const mobi::Encoding encoding = tokenizer.encode(text, text, 0);
        for (const std::int32_t id : encoding.ids)
            if (id < 0 || id >= tokenizer.vocabulary()) std::abort();
        if (encoding.ids.size() != encoding.type_ids.size()) std::abort();
        tokenizer.decode(encoding.ids, mobi::SpecialTokens::Keep);
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
