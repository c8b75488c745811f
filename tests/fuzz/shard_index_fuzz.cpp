// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "weights/shard_index.hpp"
#include "weights/weight_names.hpp"

/// Any text is an index of files inside its folder or is refused; every name of a tensor has a
/// plain form, which is its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto index = mobi::parse_shard_index(
            std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
        for (const std::string& file : index.files)
            if (file.empty() || file.front() == '/' || file.starts_with("../")) std::abort();
        for (const auto& [tensor, file] : index.file_of) {
            const std::string plain = mobi::plain_name(tensor, "");
            if (mobi::plain_name(plain, "") != plain) std::abort();
        }
    } catch (const mobi::DataError&) {
    }
    return 0;
}
