// SPDX-License-Identifier: Apache-2.0
#include "schema/table.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/sample_run.hpp"

namespace mobi::test {
namespace {

using namespace record;

std::vector<const Table*> all_tables() {
    std::vector<const Table*> tables = growing_tables();
    tables.push_back(&table_of<StatusRow>());
    return tables;
}

TEST(TableTest, ColumnsFollowTheStructAndLeaveNoMemberOut) {
    for (const Table* table : all_tables()) {
        SCOPED_TRACE(table->path);
        std::size_t end = 0;
        for (const Column& column : table->columns) {
            EXPECT_GE(column.offset, end) << column.name;
            // a gap as large as the next column's own alignment would be a forgotten member
            EXPECT_LT(column.offset - end, 8U) << column.name;
            end = column.offset + (column.type == ColumnType::Int8 ? 1 : 4);
            if (column.type == ColumnType::Int64 || column.type == ColumnType::Float64) end += 4;
        }
        EXPECT_LT(table->row_bytes - end, 8U);
    }
}

TEST(TableTest, NamesAreUniqueAndEverythingIsDescribed) {
    for (const Table* table : all_tables()) {
        std::set<std::string_view> names;
        for (const Column& column : table->columns) {
            EXPECT_TRUE(names.insert(column.name).second) << table->path << " " << column.name;
            EXPECT_FALSE(column.description.empty()) << table->path << " " << column.name;
            EXPECT_FALSE(column.unit.empty()) << table->path << " " << column.name;
        }
        EXPECT_FALSE(table->description.empty()) << table->path;
    }
}

TEST(TableTest, AUnitInTheNameIsTheUnit) {
    const auto unit_of = [](std::string_view name) -> std::string_view {
        if (name.ends_with("_ns")) return "ns";
        if (name.ends_with("_bytes")) return "bytes";
        if (name.ends_with("_j")) return "J";
        if (name.ends_with("flop_per_s")) return "FLOP/s";
        if (name.ends_with("_flop")) return "FLOP";
        if (name.ends_with("bytes_per_s")) return "bytes/s";
        if (name.ends_with("_s")) return "s";
        return {};
    };
    for (const Table* table : all_tables())
        for (const Column& column : table->columns) {
            if (unit_of(column.name).empty()) continue;
            EXPECT_EQ(column.unit, unit_of(column.name)) << column.name;
        }
}

TEST(TableTest, PackingDropsThePaddingOnly) {
    std::vector<DownloadRow> rows(2);
    std::memset(static_cast<void*>(rows.data()), 0xcd, sizeof(DownloadRow) * rows.size());
    rows[0] = {1, 2, 3, 4, 5, 5.5, 11, 12, 1};
    rows[1] = {6, 7, 8, 9, 10, 10.5, 13, 14, 2};
    const Table& table = table_of<DownloadRow>();
    ASSERT_EQ(table.packed_bytes(), 4U + 4 * 8 + 8 + 8 + 4 + 1);
    std::vector<std::byte> packed(2 * table.packed_bytes());
    pack_rows(table, std::as_bytes(std::span(rows)), packed);
    std::int64_t charged_bytes = 0;
    std::memcpy(&charged_bytes, packed.data() + table.packed_bytes() + 4 + 16, 8);
    EXPECT_EQ(charged_bytes, 9);
    EXPECT_EQ(std::count(packed.begin(), packed.end(), std::byte{0xcd}), 0);
}

TEST(TableTest, EnumerationsNameTheIndex) {
    const RunLayout layout = sample_layout();
    const auto all = members(Names::BackbonesOrAll, layout);
    EXPECT_EQ(all.front(), (std::pair<std::string, std::int32_t>("b-fp32", 0)));
    EXPECT_EQ(all.back(), (std::pair<std::string, std::int32_t>("all", -1)));
    EXPECT_EQ(members(Names::Profiles, layout)[1].first, "phone, old");
    EXPECT_EQ(members(Names::Precisions, layout)[static_cast<std::size_t>(Precision::Bf16)].first,
              "bf16");
    EXPECT_EQ(members(Names::Phases, layout)[static_cast<std::size_t>(HostPhase::Waiting)].first,
              "waiting");
    EXPECT_EQ(members(Names::Outcomes, layout)[static_cast<std::size_t>(Outcome::Planned)].first,
              "planned");
}

TEST(TableTest, AMissingColumnIsADataErrorThatNamesIt) {
    silence_hdf5_diagnostics();
    const RunLayout layout = sample_layout();
    const DataType devices = packed_type(table_of<DeviceRow>(), layout);
    try {
        struct_type(table_of<UploadRow>(), devices.get(), kSchemaVersion, "run file 'a.h5'");
        FAIL() << "accepted the columns of /devices";
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(), "run file 'a.h5': /uploads has no column 'upload'");
    }
}

TEST(TableTest, AYoungColumnMayBeMissingInAnOldFileOnly) {
    silence_hdf5_diagnostics();
    const RunLayout layout = sample_layout();
    Table old = table_of<UploadRow>();
    std::erase_if(old.columns, [](const Column& one) { return one.since > kOldestSchema; });
    const DataType type = packed_type(old, layout);
    EXPECT_NO_THROW(struct_type(table_of<UploadRow>(), type.get(), kOldestSchema, "a.h5"));
    EXPECT_THROW(struct_type(table_of<UploadRow>(), type.get(), kSchemaVersion, "a.h5"), DataError);
}

}  // namespace
}  // namespace mobi::test
