// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "schema/table.hpp"

namespace mobi::test {

constexpr std::size_t size_of(record::ColumnType type) {
    using record::ColumnType;
    if (type == ColumnType::Int8) return 1;
    return type == ColumnType::Int32 || type == ColumnType::Float32 ? 4 : 8;
}

/// Rows whose columns have random bits: every number there is, NaN and codes without a name
/// included.
template <typename Row>
std::vector<Row> random_rows(RandomStream& stream, std::size_t count) {
    std::vector<Row> rows(count);
    for (Row& row : rows)
        for (const record::Column& column : record::table_of<Row>().columns)
            for (std::size_t i = 0; i < size_of(column.type); ++i)
                reinterpret_cast<std::byte*>(&row)[column.offset + i] =
                    static_cast<std::byte>(stream.below(256));
    return rows;
}

/// The bits of the columns of `table`, one row after another: padding is not compared, NaN is.
template <typename Row>
std::vector<std::byte> bits_of(std::span<const Row> rows,
                               const record::Table& table = record::table_of<Row>()) {
    std::vector<std::byte> bits;
    for (const Row& row : rows)
        for (const record::Column& column : table.columns) {
            const auto* first = reinterpret_cast<const std::byte*>(&row) + column.offset;
            bits.insert(bits.end(), first, first + size_of(column.type));
        }
    return bits;
}

template <typename Row>
std::vector<std::byte> bits_of(const std::vector<Row>& rows,
                               const record::Table& table = record::table_of<Row>()) {
    return bits_of(std::span(rows), table);
}

template <typename List>
struct RowsOf;
template <typename... Rows>
struct RowsOf<record::RowList<Rows...>> {
    using Type = std::tuple<std::vector<Rows>...>;
};
/// A vector of rows of every table that grows.
using AllRows = RowsOf<record::RowTypes>::Type;

/// `function` on the vector of rows of every table.
template <typename Function>
void for_each_table(const AllRows& rows, Function function) {
    std::apply([&](const auto&... table) { (function(table), ...); }, rows);
}

/// Up to `most` random rows of every table.
inline AllRows random_tables(RandomStream& stream, std::size_t most) {
    AllRows rows;
    std::apply(
        [&](auto&... table) {
            const auto fill = [&]<typename Row>(std::vector<Row>& one) {
                one = random_rows<Row>(stream, stream.below(most + 1));
            };
            (fill(table), ...);
        },
        rows);
    return rows;
}

}  // namespace mobi::test
