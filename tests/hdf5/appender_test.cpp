// SPDX-License-Identifier: Apache-2.0
#include "hdf5/appender.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

#include "core/byte_io.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "hdf5/memory_file.hpp"
#include "support/contains.hpp"

namespace mobi::record {
namespace {

using test::contains;
using test::memory_file;

DataType type_of(hid_t native) {
    return {H5Tcopy(native), "copy a type"};
}

std::vector<hsize_t> shape_of(const DataSet& dataset, bool limits = false) {
    const DataSpace space(H5Dget_space(dataset.get()), "read a shape");
    std::vector<hsize_t> size(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get())));
    std::vector<hsize_t> limit(size.size());
    H5Sget_simple_extent_dims(space.get(), size.data(), limit.data());
    return limits ? limit : size;
}

/// All numbers that a reader of the file sees now.
std::vector<std::int32_t> read_numbers(hid_t file, const char* path) {
    const DataSet dataset(H5Dopen2(file, path, H5P_DEFAULT), "open to read");
    const std::vector<hsize_t> shape = shape_of(dataset);
    std::vector<std::int32_t> numbers(
        std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>()));
    check_hdf5(
        H5Dread(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()),
        "read");
    return numbers;
}

TEST(RowsPerChunkTest, FillTheTargetWithWholeRows) {
    for (const std::size_t row : {1U, 3U, 768U, 4096U})
        for (const std::size_t target : {4096U, 65536U}) {
            const auto rows = static_cast<std::size_t>(rows_per_chunk(row, target));
            EXPECT_LE(rows * row, target);
            EXPECT_GT((rows + 1) * row, target);
        }
    EXPECT_EQ(rows_per_chunk(5000, 4096), 1);
}

TEST(CreateGrowingTest, IsEmptyUnlimitedChunkedAndUnfiltered) {
    const File file = memory_file();
    for (const std::int64_t width : {0, 1, 7}) {
        const DataSet dataset = create_growing(file.get(), "/of_" + std::to_string(width),
                                               type_of(H5T_STD_I32LE), width, 12);
        std::vector<hsize_t> size{0};
        std::vector<hsize_t> limit{H5S_UNLIMITED};
        std::vector<hsize_t> chunk{12};
        if (width > 0)
            for (auto* const list : {&size, &limit, &chunk})
                list->push_back(static_cast<hsize_t>(width));
        EXPECT_EQ(shape_of(dataset), size);
        EXPECT_EQ(shape_of(dataset, true), limit);
        const PropertyList creation(H5Dget_create_plist(dataset.get()), "read a layout");
        std::vector<hsize_t> chunked(chunk.size());
        ASSERT_EQ(H5Pget_chunk(creation.get(), 2, chunked.data()), static_cast<int>(chunk.size()));
        EXPECT_EQ(chunked, chunk);
        EXPECT_EQ(H5Pget_nfilters(creation.get()), 0);
        hbool_t timed = true;
        check_hdf5(H5Pget_obj_track_times(creation.get(), &timed), "read a property");
        EXPECT_FALSE(timed);
    }
}

TEST(CreateGrowingTest, WhatCannotBeMadeIsNamed) {
    const File file = memory_file();
    const DataType type = type_of(H5T_STD_I32LE);
    create_growing(file.get(), "/a", type, 0, 1);
    for (const char* const path : {"/a", "/no/parent"}) {
        try {
            create_growing(file.get(), path, type, 0, 1);
            FAIL() << path;
        } catch (const RecordError& error) {
            EXPECT_TRUE(contains(error.what(), std::string("create ") + path));
        }
    }
}

/// After every step, what a reader sees is the beginning of what was appended: up to the last full
/// chunk, or up to the last row when it was flushed.
TEST(AppenderPropertyTest, AReaderSeesTheBeginningOfAllRows) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream stream(seed, Purpose::Test);
        const auto width = static_cast<std::int64_t>(stream.below(4));
        const auto elements = static_cast<std::size_t>(std::max<std::int64_t>(width, 1));
        const auto chunk_rows = static_cast<std::int64_t>(1 + stream.below(9));
        const File file = memory_file();
        create_growing(file.get(), "/rows", type_of(H5T_STD_I32LE), width, chunk_rows);
        Appender appender(file.get(), "/rows");
        ASSERT_EQ(appender.row_bytes(), 4 * elements);

        std::vector<std::int32_t> all;
        std::int64_t visible = 0;
        std::int64_t written = 0;  // by the description: full chunks, and one more for a flush
        std::int64_t flushed = 0;  // rows
        for (int step = 0; step < 30; ++step) {
            if (stream.below(3) == 0) {
                if (appender.rows() % chunk_rows != 0 && flushed != appender.rows()) ++written;
                appender.flush();
                flushed = visible = appender.rows();
            } else {
                const auto rows = static_cast<std::size_t>(
                    stream.below(4 * static_cast<std::uint64_t>(chunk_rows)));
                std::vector<std::int32_t> numbers(rows * elements);
                for (std::int32_t& number : numbers)
                    number = static_cast<std::int32_t>(stream.next_u32());
                const std::int64_t full = appender.rows() / chunk_rows;
                appender.append(std::as_bytes(std::span(numbers)));
                all.insert(all.end(), numbers.begin(), numbers.end());
                written += appender.rows() / chunk_rows - full;
                visible = std::max(visible, appender.rows() / chunk_rows * chunk_rows);
            }
            ASSERT_EQ(appender.rows(), static_cast<std::int64_t>(all.size() / elements));
            ASSERT_EQ(
                read_numbers(file.get(), "/rows"),
                std::vector<std::int32_t>(
                    all.begin(), all.begin() + visible * static_cast<std::ptrdiff_t>(elements)))
                << "step " << step;
            ASSERT_EQ(appender.written_bytes(),
                      written * chunk_rows * static_cast<std::int64_t>(appender.row_bytes()))
                << "step " << step;
        }
        appender.close();
        EXPECT_EQ(read_numbers(file.get(), "/rows"), all);
    }
}

TEST(AppenderTest, TheSameRowsGiveTheSameDatasetHoweverTheyCome) {
    std::vector<std::int32_t> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    const File file = memory_file();
    for (const std::size_t piece : {1U, 7U, 10U, 64U, 1000U}) {
        const std::string path = "/by_" + std::to_string(piece);
        create_growing(file.get(), path, type_of(H5T_STD_I32LE), 0, 10);
        Appender appender(file.get(), path);
        for (std::size_t i = 0; i < numbers.size(); i += piece)
            appender.append(
                std::as_bytes(std::span(numbers).subspan(i, std::min(piece, numbers.size() - i))));
        EXPECT_EQ(appender.written_bytes(), 4000) << "whole chunks are written once";
        appender.close();
        EXPECT_EQ(read_numbers(file.get(), path.c_str()), numbers);
    }
}

TEST(AppenderTest, RowsThatAreNotThereYetAreZeroInTheFile) {
    const File file = memory_file();
    create_growing(file.get(), "/a", type_of(H5T_STD_I32LE), 0, 4);
    Appender appender(file.get(), "/a");
    // a full chunk first, so that old rows could be left behind the new ones
    const std::vector<std::int32_t> first{1, 2, 3};
    appender.append(std::as_bytes(std::span(first)));
    const std::vector<std::int32_t> second{4, 5};
    appender.append(std::as_bytes(std::span(second)));
    appender.flush();
    const DataSet dataset(H5Dopen2(file.get(), "/a", H5P_DEFAULT), "open");
    std::array<std::int32_t, 4> chunk{9, 9, 9, 9};
    const hsize_t offset = 4;
    std::uint32_t filters = 0;
    check_hdf5(H5Dread_chunk(dataset.get(), H5P_DEFAULT, &offset, &filters, chunk.data()),
               "read a chunk");
    EXPECT_EQ(chunk, (std::array<std::int32_t, 4>{5, 0, 0, 0}));
}

TEST(AppenderTest, NothingToWriteIsNotWritten) {
    const File file = memory_file();
    create_growing(file.get(), "/a", type_of(H5T_STD_I32LE), 0, 4);
    Appender appender(file.get(), "/a");
    appender.append({});
    appender.flush();
    EXPECT_EQ(appender.written_bytes(), 0);
    const std::vector<std::int32_t> numbers{1, 2};
    appender.append(std::as_bytes(std::span(numbers)));
    appender.flush();
    appender.flush();
    EXPECT_EQ(appender.written_bytes(), 16);
    appender.close();
    EXPECT_EQ(appender.written_bytes(), 16);
    EXPECT_EQ(read_numbers(file.get(), "/a"), numbers);
}

TEST(AppenderTest, APieceOfARowIsABug) {
    const File file = memory_file();
    create_growing(file.get(), "/a", type_of(H5T_STD_I32LE), 3, 4);
    Appender appender(file.get(), "/a");
    try {
        appender.append(Bytes(13));
        FAIL() << "took 13 bytes of rows of 12";
    } catch (const Bug& error) {
        EXPECT_TRUE(contains(error.what(), "/a: 13 bytes are no whole rows of 12"));
    }
    EXPECT_EQ(appender.rows(), 0);
}

TEST(AppenderTest, WhatCannotGrowIsNamed) {
    const File file = memory_file();
    const hsize_t size = 4;
    const DataSpace space(H5Screate_simple(1, &size, nullptr), "a line");
    const DataSet contiguous(H5Dcreate2(file.get(), "/flat", H5T_STD_I32LE, space.get(),
                                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             "create");
    for (const auto& [path, text] :
         {std::pair("/absent", "open /absent"), std::pair("/flat", "read the layout of /flat")}) {
        try {
            Appender appender(file.get(), path);
            FAIL() << path;
        } catch (const RecordError& error) {
            EXPECT_TRUE(contains(error.what(), text));
        }
    }
}

}  // namespace
}  // namespace mobi::record
