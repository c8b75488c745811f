// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.hpp"
#include "weights/safetensors.hpp"

/// Any bytes are a file or are refused; every tensor of a file can be asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto file =
            mobi::SafetensorsFile::parse(std::as_bytes(std::span(data, size)), "fuzz");
        for (const auto& [name, entry] : file.entries()) {
            try {
                file.tensor(name);
            } catch (const mobi::DataError&) {
            }
        }
    } catch (const mobi::DataError&) {
    }
    return 0;
}
