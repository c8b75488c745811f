// SPDX-License-Identifier: Apache-2.0
#pragma once

// The safetensors file format, as in huggingface/safetensors@24b0b285:
//   1. 8 bytes: header length N, unsigned, little-endian, at most 100,000,000
//   2. N bytes: UTF-8 JSON, begins with `{`; blanks may follow it (writers pad N to a multiple of
//   8)
//      name -> {"dtype": text, "shape": [sizes], "data_offsets": [begin, end)}, offsets counted
//      from the first byte after the header; optional "__metadata__": text -> text
//   3. the data, row-major, little-endian.  The ranges tile it: no hole, no overlap, and the last
//      ends where the file ends.  Shape [] and zero-size tensors are legal, duplicate keys are not.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "weights/named_tensors.hpp"

namespace mobi {

/// One tensor of a file.
struct SafetensorsEntry {
    std::string dtype;                 ///< as in the file, e.g. `"BF16"`
    std::vector<std::int64_t> shape;   ///< all >= 0; empty for a scalar
    std::span<const std::byte> bytes;  ///< valid as long as the SafetensorsFile or a copy of it
};

/// A safetensors file, mapped read-only.  Cheap to copy; copies share the mapping.  Thread-safe.
class SafetensorsFile {
  public:
    /// Reads and checks the whole header.
    /// \throws DataError  naming the file and what is wrong with it.
    explicit SafetensorsFile(const std::filesystem::path& path);

    /// The same from bytes in memory, which must outlive everything taken from the result.
    /// \param name  stands for the path in errors.
    static SafetensorsFile parse(std::span<const std::byte> bytes, std::string name);

    /// Path or name, for messages.
    const std::string& name() const noexcept { return name_; }

    /// Every tensor, by name.
    const std::map<std::string, SafetensorsEntry, std::less<>>& entries() const noexcept {
        return *entries_;
    }

    bool contains(std::string_view tensor) const { return entries_->contains(tensor); }

    /// \throws DataError  when there is no such tensor; the message lists a near name.
    const SafetensorsEntry& entry(std::string_view tensor) const;

    /// The tensor as it is: a view of the mapping, never written to (writing to a mapped file is a
    /// crash), or a copy where the file's alignment forbids a view.  The view keeps the mapping.
    /// Reads BOOL, U8, I8, I16, I32, I64, F16, BF16, F32 and F64.
    /// \throws DataError  when it is missing or has another dtype, which is named.
    at::Tensor tensor(std::string_view tensor) const;

  private:
    SafetensorsFile(std::span<const std::byte> bytes, std::string name, std::shared_ptr<void> keep);

    std::string name_;
    std::shared_ptr<void> keep_;  ///< the mapping
    std::shared_ptr<const std::map<std::string, SafetensorsEntry, std::less<>>> entries_;
};

/// Writes a safetensors file in one piece: under a temporary name first, then renamed, so that no
/// half-written file can be found.
/// \param tensors   on the CPU, of a dtype that SafetensorsFile::tensor() reads.
/// \param metadata  stored as `__metadata__`.
/// \throws DataError  when it cannot be written.
void write_safetensors(const std::filesystem::path& path,
                       const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace mobi
