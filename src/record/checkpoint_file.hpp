// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/archive.hpp"

namespace mobi::record {

/// What a run goes on from, beside its file: `run.h5.checkpoint`.
///
///     offset  bytes
///     0       8    "MOBICKP1"
///     8       8    size of the rest, n
///     16      8    FNV-1a (64 bits) of the rest
///     24      n    an Archive of the members
///
/// All that it builds on had been brought to the run file when it was written.
struct StoredCheckpoint {
    /// Rows of each table, by its path, that belong to it; there may be more by now.
    std::map<std::string, std::int64_t> rows;
    Bytes state;  ///< of whoever asked for it

    void archive(Archive& archive) { archive(rows, state); }
};

/// Where the checkpoint of a run file lies.
std::filesystem::path checkpoint_path(const std::filesystem::path& run_file);

/// Replaces the checkpoint of a run file, all or nothing, on the disk when it returns.
/// \throws RecordError  when that fails; the one before is still there then.
void write_checkpoint(const std::filesystem::path& run_file, StoredCheckpoint checkpoint);

/// \return nothing where there is none.
/// \throws DataError    naming the path: it is none, or it is damaged.
/// \throws RecordError  when it cannot be read.
std::optional<StoredCheckpoint> read_checkpoint(const std::filesystem::path& run_file);
/// The same out of bytes; `name` stands for the path.
StoredCheckpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& name);

/// Removes the checkpoint of a run file if it has one.
void remove_checkpoint(const std::filesystem::path& run_file);

}  // namespace mobi::record
