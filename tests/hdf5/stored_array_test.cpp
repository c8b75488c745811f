// SPDX-License-Identifier: Apache-2.0
#include "hdf5/stored_array.hpp"

#include <functional>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "hdf5/memory_file.hpp"
#include "support/contains.hpp"

namespace mobi::record {
namespace {

using test::contains;
using test::memory_file;

class StoredArrayTest : public ::testing::Test {
  protected:
    /// A dataset of int32 0, 1, 2, ...; an empty shape is a scalar.
    void write(const char* path, const std::vector<hsize_t>& shape) const {
        std::vector<std::int32_t> numbers(
            std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>()));
        std::iota(numbers.begin(), numbers.end(), 0);
        const DataSpace space(
            H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "a shape");
        const DataSet dataset(H5Dcreate2(file_.get(), path, H5T_STD_I32LE, space.get(), H5P_DEFAULT,
                                         H5P_DEFAULT, H5P_DEFAULT),
                              "create");
        if (!numbers.empty())
            check_hdf5(H5Dwrite(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                numbers.data()),
                       "write");
    }
    /// A dataset that says it has this shape, and stores nothing of it.
    void claim(const char* path, const std::vector<hsize_t>& shape) const {
        const DataSpace space(
            H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "a shape");
        const PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), "a layout");
        const std::vector<hsize_t> chunk(shape.size(), 1);
        check_hdf5(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()),
                   "chunks");
        const DataSet dataset(H5Dcreate2(file_.get(), path, H5T_STD_I32LE, space.get(), H5P_DEFAULT,
                                         creation.get(), H5P_DEFAULT),
                              "create");
    }
    StoredArray open(const char* path) const { return {file_.get(), path, "run file 'a.h5'"}; }
    std::string refusal(const char* path) const {
        try {
            open(path);
        } catch (const DataError& error) {
            return error.what();
        }
        return "accepted";
    }

    const File file_ = memory_file();
};

TEST_F(StoredArrayTest, HasTheShapeThatWasWritten) {
    write("/scalar", {});
    write("/line", {5});
    write("/cube", {4, 3, 2});
    write("/empty", {0, 7});
    const auto facts = [&](const char* path) {
        const StoredArray array = open(path);
        return std::tuple(array.shape(), array.rows(), array.row_elements());
    };
    using Facts = std::tuple<std::vector<std::int64_t>, std::int64_t, std::int64_t>;
    EXPECT_EQ(facts("/scalar"), (Facts{{}, 1, 1}));
    EXPECT_EQ(facts("/line"), (Facts{{5}, 5, 1}));
    EXPECT_EQ(facts("/cube"), (Facts{{4, 3, 2}, 4, 6}));
    EXPECT_EQ(facts("/empty"), (Facts{{0, 7}, 0, 7}));
    EXPECT_EQ(open("/cube").what(), "run file 'a.h5': /cube");
}

TEST_F(StoredArrayTest, AnyRowsAreReadAsTheyLieInTheFile) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 40; ++round) {
        std::vector<hsize_t> shape(1 + stream.below(3));
        for (hsize_t& size : shape) size = 1 + stream.below(6);
        const std::string path = "/of_" + std::to_string(round);
        write(path.c_str(), shape);
        const StoredArray array = open(path.c_str());
        for (std::int64_t first = 0; first <= array.rows(); ++first)
            for (std::int64_t count = 0; first + count <= array.rows(); ++count) {
                const auto got = array.read_rows<std::int32_t>(H5T_NATIVE_INT32, first, count);
                std::vector<std::int32_t> expected(
                    static_cast<std::size_t>(count * array.row_elements()));
                std::iota(expected.begin(), expected.end(),
                          static_cast<std::int32_t>(first * array.row_elements()));
                ASSERT_EQ(got, expected);
            }
        EXPECT_EQ(array.read_all<std::int32_t>(H5T_NATIVE_INT32).size(),
                  static_cast<std::size_t>(array.rows() * array.row_elements()));
    }
}

TEST_F(StoredArrayTest, ReadsAScalarAndNothingOfAnEmptyOne) {
    write("/scalar", {});
    write("/no_rows", {0, 7});
    EXPECT_EQ(open("/scalar").read_all<std::int32_t>(H5T_NATIVE_INT32),
              std::vector<std::int32_t>{0});
    EXPECT_TRUE(open("/no_rows").read_all<std::int32_t>(H5T_NATIVE_INT32).empty());
}

TEST_F(StoredArrayTest, ConvertsToTheTypeThatIsAskedFor) {
    write("/line", {3});
    EXPECT_EQ(open("/line").read_all<double>(H5T_NATIVE_DOUBLE), (std::vector<double>{0, 1, 2}));
}

TEST_F(StoredArrayTest, AnAbsentOneIsNamedWithItsFile) {
    EXPECT_EQ(refusal("/gone"), "run file 'a.h5': /gone is not there");
    const Group group(H5Gcreate2(file_.get(), "/group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      "create");
    EXPECT_EQ(refusal("/group"), "run file 'a.h5': /group is not there");
}

TEST_F(StoredArrayTest, AClaimOfMoreThanIsStoredIsRefusedBeforeMemoryIsTaken) {
    const hsize_t huge = hsize_t{1} << 40U;
    const std::vector<std::vector<hsize_t>> shapes{{1}, {1'000}, {huge}, {huge, huge}, {1, huge}};
    int number = 0;
    for (const auto& shape : shapes) {
        const std::string path = "/claim_" + std::to_string(number++);
        claim(path.c_str(), shape);
        EXPECT_EQ(refusal(path.c_str()), "run file 'a.h5': " + path +
                                             " is longer than what is stored: the file is damaged");
    }
}

TEST_F(StoredArrayTest, NoRowsOfAnyLengthAreNoRows) {
    const hsize_t huge = hsize_t{1} << 40U;
    claim("/none", {0, huge});
    EXPECT_EQ(open("/none").row_elements(), std::int64_t{1} << 40);
    claim("/too_long", {0, huge, huge});
    EXPECT_TRUE(contains(refusal("/too_long"), "/too_long has longer rows than any file"));
}

TEST_F(StoredArrayTest, ARowOfAnotherSizeIsRefusedWithBothSizes) {
    write("/square", {4, 3});
    const StoredArray array = open("/square");
    EXPECT_NO_THROW(array.expect_row(3, 4));
    for (const auto& [elements, bytes] : {std::pair(4, 4), std::pair(3, 2), std::pair(12, 1)}) {
        try {
            array.expect_row(elements, static_cast<std::size_t>(bytes));
            FAIL() << elements << " x " << bytes;
        } catch (const DataError& error) {
            EXPECT_EQ(error.what(), "run file 'a.h5': /square: a row of 3 x 4 bytes, expected " +
                                        std::to_string(elements) + " x " + std::to_string(bytes));
        }
    }
}

TEST_F(StoredArrayTest, RowsBeyondTheEndAreABug) {
    write("/line", {5});
    const StoredArray array = open("/line");
    for (const auto& [first, count] :
         {std::pair(-1, 1), std::pair(0, 6), std::pair(5, 1), std::pair(6, 0), std::pair(2, -1)}) {
        std::vector<std::int32_t> out(8);
        EXPECT_THROW(array.read(H5T_NATIVE_INT32, first, count, out.data()), Bug)
            << first << " + " << count;
    }
}

/// The library prints its errors once for every thread that did not forbid it.
TEST_F(StoredArrayTest, ARefusalInAnotherThreadPrintsNothing) {
    ::testing::internal::CaptureStderr();
    std::string text;
    std::thread([&] { text = refusal("/gone"); }).join();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_TRUE(contains(text, "is not there"));
}

}  // namespace
}  // namespace mobi::record
