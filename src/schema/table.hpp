// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hdf5/handle.hpp"
#include "schema/schema.hpp"

namespace mobi::record {

enum class ColumnType { Int8, Int32, Int64, Float32, Float64 };

/// Which names the numbers of a column stand for; they become an HDF5 enumeration.
enum class Names {
    None,
    Admission,
    BandEnds,
    AvailabilityKinds,
    Backbones,
    BackbonesOrAll,   // -1 = all
    BackbonesOrNone,  // -1 = none
    Bounds,
    Contents,
    Diagnostics,
    Duplexes,
    Families,
    FigureKeys,
    Links,
    LossStages,
    Outcomes,
    PassGroups,
    Phases,
    Pivots,
    Precisions,
    Profiles,
    Splits,
    Statuses,
    TaskOutcomes,
    TestedWeights,
    TraceEnds,
    UpdateKinds
};

struct Column {
    std::string_view name;
    std::size_t offset;  ///< in the row struct
    ColumnType type;
    Names names;
    std::string_view unit;  ///< `1`: a number without unit, an index or a name
    std::string_view description;
    std::int32_t since = kOldestSchema;  ///< schema version; older files lack it
};

/// One table of the run file: the list that its dataset, its packing and its reading come from.
struct Table {
    std::string_view path;
    std::string_view description;
    std::size_t row_bytes;  ///< of the struct, padding included
    std::vector<Column> columns;
    std::int32_t since = kOldestSchema;  ///< schema version; older files lack it
    bool late = false;  ///< it came when files of that version were there, which lack it too

    /// Bytes of a row in the file, where columns follow each other without padding.
    std::size_t packed_bytes() const;
};

/// The table of a row struct of schema.hpp.
template <typename Row>
const Table& table_of() {
    return Row::table();
}

/// Every table but /status, in the order they are created.
std::vector<const Table*> growing_tables();

/// Name and value of every member of an enumeration; empty for Names::None.
std::vector<std::pair<std::string, std::int32_t>> members(Names names, const RunLayout& layout);

/// The compound type of a row in the file: packed, little-endian, with enumerations.
DataType packed_type(const Table& table, const RunLayout& layout);

/// The compound type that reads a dataset of `file_type` into row structs.  Enumerations keep their
/// numbers.
/// \param version  of the file; columns that are younger stay as they are.
/// \throws DataError  when another column is missing, or has another size; the text begins with
/// `what`.
DataType struct_type(const Table& table,
                     hid_t file_type,
                     std::int32_t version,
                     std::string_view what);

/// Copies row structs into packed rows.
/// \param rows    whole structs of `table.row_bytes`
/// \param packed  as many rows of `table.packed_bytes()`
void pack_rows(const Table& table, std::span<const std::byte> rows, std::span<std::byte> packed);

}  // namespace mobi::record
