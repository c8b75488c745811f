// SPDX-License-Identifier: Apache-2.0
#include "schema/table.hpp"

#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi::record {
namespace {

std::size_t size_of(ColumnType type) {
    switch (type) {
        case ColumnType::Int8:
            return 1;
        case ColumnType::Int32:
        case ColumnType::Float32:
            return 4;
        case ColumnType::Int64:
        case ColumnType::Float64:
            return 8;
    }
    return 0;
}

hid_t hdf5_type(ColumnType type) {
    switch (type) {
        case ColumnType::Int8:
            return H5T_STD_I8LE;
        case ColumnType::Int32:
            return H5T_STD_I32LE;
        case ColumnType::Int64:
            return H5T_STD_I64LE;
        case ColumnType::Float32:
            return H5T_IEEE_F32LE;
        case ColumnType::Float64:
            return H5T_IEEE_F64LE;
    }
    return H5I_INVALID_HID;
}

/// An HDF5 type of one number, with names for its values where there are any.
DataType scalar_type(ColumnType type, Names names, const RunLayout& layout) {
    const auto list = members(names, layout);
    if (list.empty()) return {H5Tcopy(hdf5_type(type)), "copy a column type"};
    DataType enumeration(H5Tenum_create(hdf5_type(type)), "create an enumeration");
    for (const auto& [name, value] : list) {
        const std::string what = fmt::format("add '{}' to an enumeration", name);
        if (type == ColumnType::Int8) {
            const auto narrow = static_cast<std::int8_t>(value);
            check_hdf5(H5Tenum_insert(enumeration.get(), name.c_str(), &narrow), what);
        } else {
            check_hdf5(H5Tenum_insert(enumeration.get(), name.c_str(), &value), what);
        }
    }
    return enumeration;
}

/// \param other  what -1 stands for; empty: there is no -1.
std::vector<std::pair<std::string, std::int32_t>> number(const std::vector<std::string>& names,
                                                         const std::string& other = "") {
    std::vector<std::pair<std::string, std::int32_t>> result;
    result.reserve(names.size());
    for (const std::string& name : names)
        result.emplace_back(name, static_cast<std::int32_t>(result.size()));
    if (!other.empty()) result.emplace_back(other, -1);
    return result;
}

std::vector<std::string> backbone_names(const RunLayout& layout) {
    std::vector<std::string> names;
    names.reserve(layout.backbones.size());
    for (const BackboneLayout& backbone : layout.backbones) names.push_back(backbone.name);
    return names;
}

template <typename... Rows>
std::vector<const Table*> tables_of(RowList<Rows...>) {
    return {&Rows::table()...};
}

}  // namespace

std::size_t Table::packed_bytes() const {
    std::size_t bytes = 0;
    for (const Column& column : columns) bytes += size_of(column.type);
    return bytes;
}

std::vector<const Table*> growing_tables() {
    return tables_of(RowTypes());
}

std::vector<std::pair<std::string, std::int32_t>> members(Names names, const RunLayout& layout) {
    switch (names) {
        case Names::None:
            return {};
        case Names::Admission:
            return number({"out_of_memory", "admitted"});
        case Names::BandEnds:
            return number({"nominal", "low", "high"});
        case Names::AvailabilityKinds:
            return number({"always", "daily", "markov", "day_cycle", "trace"});
        case Names::Backbones:
            return number(backbone_names(layout));
        case Names::BackbonesOrAll:
            return number(backbone_names(layout), "all");
        case Names::BackbonesOrNone:
            return number(backbone_names(layout), "none");
        case Names::Bounds:
            return number({"computing", "uplinks", "downlinks", "latency", "server_steps",
                           "server_link", "absences"});
        case Names::Contents:
            return number({"taps", "weights", "gradients", "activations", "scalars"});
        case Names::Diagnostics:
            return number(layout.diagnostic_names, "none");
        case Names::Duplexes:
            return number({"full", "half"});
        case Names::Families:
            return number(layout.family_names);
        case Names::FigureKeys:
            return number(layout.figure_keys, "none");
        case Names::Links:
            return number(layout.link_names);
        case Names::LossStages:
            return number({"compute", "upload", "download", "late"});
        case Names::Outcomes:
            return number({"delivered", "lost", "planned"});
        case Names::PassGroups:
            return number({"fleet", "device", "class", "arrival_decile"});
        case Names::Phases:
            return number({"total", "forward", "evaluation_forward", "training", "evaluation",
                           "recording", "waiting", "pacing"});
        case Names::Pivots:
            return number({"first", "last", "mean"});
        case Names::Precisions:
            return number({"fp32", "fp16", "bf16", "int8", "int4"});
        case Names::Profiles:
            return number(layout.profile_names);
        case Names::Splits:
            return number({"train", "validation", "test"});
        case Names::Statuses:
            return number({"running", "finished", "aborted"});
        case Names::TaskOutcomes:
            return number({"done", "cut_off", "recalled", "gone"});
        case Names::TestedWeights:
            return number({"last", "best"});
        case Names::TraceEnds:
            return number({"wrap", "hold"});
        case Names::UpdateKinds:
            return number({"arrival", "replay", "aggregate", "exchange"});
    }
    return {};
}

DataType packed_type(const Table& table, const RunLayout& layout) {
    DataType type(H5Tcreate(H5T_COMPOUND, table.packed_bytes()), "create a row type");
    std::size_t offset = 0;
    for (const Column& column : table.columns) {
        const DataType member = scalar_type(column.type, column.names, layout);
        check_hdf5(H5Tinsert(type.get(), std::string(column.name).c_str(), offset, member.get()),
                   fmt::format("add column '{}' to {}", column.name, table.path));
        offset += size_of(column.type);
    }
    return type;
}

DataType struct_type(const Table& table,
                     hid_t file_type,
                     std::int32_t version,
                     std::string_view what) {
    if (H5Tget_class(file_type) != H5T_COMPOUND)
        throw DataError(fmt::format("{}: {} is not a table", what, table.path));
    DataType type(H5Tcreate(H5T_COMPOUND, table.row_bytes), "create a row type");
    for (const Column& column : table.columns) {
        const std::string name(column.name);
        const int index = H5Tget_member_index(file_type, name.c_str());
        if (index < 0 && column.since > version) continue;
        if (index < 0)
            throw DataError(fmt::format("{}: {} has no column '{}'", what, table.path, name));
        const DataType member(H5Tget_member_type(file_type, static_cast<unsigned>(index)),
                              "read a column type");
        if (H5Tget_size(member.get()) != size_of(column.type))
            throw DataError(fmt::format("{}: column '{}' of {} has {} bytes, not {}", what, name,
                                        table.path, H5Tget_size(member.get()),
                                        size_of(column.type)));
        check_hdf5(H5Tinsert(type.get(), name.c_str(), column.offset, member.get()),
                   "add a column to a row type");
    }
    return type;
}

void pack_rows(const Table& table, std::span<const std::byte> rows, std::span<std::byte> packed) {
    const std::size_t count = rows.size() / table.row_bytes;
    MOBI_CHECK(packed.size() == count * table.packed_bytes(), "{}: {} rows into {} bytes",
               table.path, count, packed.size());
    // neighbours without padding between them are copied as one
    struct Run {
        std::size_t offset, bytes;
    };
    std::vector<Run> runs;
    for (const Column& column : table.columns) {
        if (!runs.empty() && runs.back().offset + runs.back().bytes == column.offset)
            runs.back().bytes += size_of(column.type);
        else
            runs.push_back({column.offset, size_of(column.type)});
    }
    std::byte* out = packed.data();
    const std::byte* row = rows.data();
    for (std::size_t i = 0; i < count; ++i, row += table.row_bytes)
        for (const Run& run : runs) {
            std::memcpy(out, row + run.offset, run.bytes);
            out += run.bytes;
        }
}

}  // namespace mobi::record
