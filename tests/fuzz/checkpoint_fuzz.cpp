// SPDX-License-Identifier: Apache-2.0
// Fuzz target of parse_checkpoint() and of the archive in it.  The first byte says whether size and
// check are made right first, so that what is behind them is read.  Either it is refused with a
// DataError, or it holds what was read: no text and no number out of thin air.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "record/checkpoint_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto input = std::as_bytes(std::span(data, size)).subspan(1);
    mobi::Bytes bytes(input.begin(), input.end());
    constexpr std::size_t kHead = 24;
    if (data[0] % 2 == 1 && bytes.size() >= kHead) {
        const std::string_view body(reinterpret_cast<const char*>(bytes.data()) + kHead,
                                    bytes.size() - kHead);
        const std::uint64_t length = body.size();
        const std::uint64_t check = mobi::text_key(body);
        std::memcpy(bytes.data(), "MOBICKP1", 8);
        std::memcpy(bytes.data() + 8, &length, 8);
        std::memcpy(bytes.data() + 16, &check, 8);
    }
    try {
        mobi::record::StoredCheckpoint checkpoint = mobi::record::parse_checkpoint(bytes, "c");
        std::size_t held = checkpoint.state.size();
        for (const auto& [name, rows] : checkpoint.rows) held += name.size() + sizeof rows;
        if (held > bytes.size()) std::abort();
        mobi::Archive again;
        checkpoint.archive(again);
        if (again.take().size() + kHead > bytes.size()) std::abort();
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
