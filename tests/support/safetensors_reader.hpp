// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace mobi::test {

/// One tensor of a file of reference data.
struct ReferenceTensor {
    std::string dtype;  ///< as in the file: F32, F16, BF16, I8, U8, I64, ...
    std::vector<std::size_t> shape;
    std::vector<std::byte> bytes;

    /// The elements as they lie in the file.
    /// \throws std::runtime_error  when the file's type has another size than T.
    template <typename T>
    std::vector<T> as() const {
        std::size_t count = 1;
        for (const std::size_t size : shape) count *= size;
        if (count * sizeof(T) != bytes.size())
            throw std::runtime_error(dtype + " has another size");
        std::vector<T> values(count);
        if (count != 0) std::memcpy(values.data(), bytes.data(), bytes.size());
        return values;
    }
};

/// All tensors of a safetensors file that is trusted, for tests of modules without LibTorch.  What
/// the program itself reads goes through model/safetensors, which trusts nothing.
inline std::map<std::string, ReferenceTensor> read_reference(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    std::uint64_t header_bytes = 0;
    file.read(reinterpret_cast<char*>(&header_bytes), sizeof header_bytes);
    std::string header(header_bytes, ' ');
    file.read(header.data(), static_cast<std::streamsize>(header_bytes));
    std::map<std::string, ReferenceTensor> tensors;
    const nlohmann::json entries = nlohmann::json::parse(header);
    for (const auto& [name, entry] : entries.items()) {
        if (name == "__metadata__") continue;
        const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
        const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
        ReferenceTensor tensor{entry.at("dtype").get<std::string>(),
                               entry.at("shape").get<std::vector<std::size_t>>(),
                               std::vector<std::byte>(end - begin)};
        file.seekg(static_cast<std::streamoff>(8 + header_bytes + begin));
        file.read(reinterpret_cast<char*>(tensor.bytes.data()),
                  static_cast<std::streamsize>(end - begin));
        tensors.emplace(name, std::move(tensor));
    }
    return tensors;
}

}  // namespace mobi::test
