// SPDX-License-Identifier: Apache-2.0
#include "hdf5/handle.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "hdf5/memory_file.hpp"

namespace mobi::test {
namespace {

class HandleTest : public ::testing::Test {
  protected:
    void SetUp() override { silence_hdf5_diagnostics(); }

    static ssize_t open_identifiers() { return H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL); }
};

TEST_F(HandleTest, ClosesEverythingAtTheEndOfScope) {
    {
        const File file = memory_file("a.h5");
        const Group group(H5Gcreate2(file.get(), "/run", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                          "create /run");
        EXPECT_EQ(open_identifiers(), 2);
    }
    EXPECT_EQ(open_identifiers(), 0);
}

TEST_F(HandleTest, MoveAssignmentClosesWhatItReplaces) {
    File file = memory_file("a.h5");
    file = memory_file("b.h5");
    EXPECT_EQ(open_identifiers(), 1);
}

TEST_F(HandleTest, AFailedCallThrowsWithTheLibrarysOwnExplanation) {
    try {
        const File file(H5Fopen("missing.h5", H5F_ACC_RDONLY, H5P_DEFAULT),
                        "open run file 'missing.h5'");
        FAIL() << "opened a file that does not exist";
    } catch (const RecordError& error) {
        const std::string text = error.what();
        EXPECT_EQ(text.substr(0, text.find('\n')),
                  "open run file 'missing.h5': No such file or directory");
        EXPECT_NE(text.find("\n    H5Fopen: "), std::string::npos) << text;
        EXPECT_EQ(error.exit_code(), 5);
    }
}

TEST_F(HandleTest, AFailedCloseThrows) {
    File file = memory_file("a.h5");
    check_hdf5(H5Fclose(file.get()), "close behind the handle's back");
    EXPECT_THROW(file.close("close run file"), RecordError);
}

TEST_F(HandleTest, WhatWasClosedOrMovedFromClosesNothingMore) {
    File file = memory_file("a.h5");
    Group group(H5Gcreate2(file.get(), "/run", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "create");
    const hid_t id = group.get();
    {
        Group moved(std::move(group));
        EXPECT_EQ(moved.get(), id);
        moved.close("close /run");
        EXPECT_LT(moved.get(), 0);
        EXPECT_EQ(open_identifiers(), 1);
    }
    EXPECT_EQ(open_identifiers(), 1);
    File other(std::move(file));
    EXPECT_EQ(open_identifiers(), 1);
}

TEST_F(HandleTest, OnlyANegativeStatusIsAFailure) {
    EXPECT_NO_THROW(check_hdf5(0, "nothing"));
    EXPECT_NO_THROW(check_hdf5(1, "H5Aexists, that is yes"));
    EXPECT_THROW(check_hdf5(-1, "something"), RecordError);
}

TEST_F(HandleTest, EveryFrameIsOneLineOfTheText) {
    const File file = memory_file("a.h5");
    try {
        const DataSet dataset(H5Dopen2(file.get(), "/no/such", H5P_DEFAULT), "open /no/such");
        FAIL() << "opened a dataset that does not exist";
    } catch (const RecordError& error) {
        const std::string text = error.what();
        EXPECT_TRUE(text.starts_with("open /no/such\n    ")) << text;
        EXPECT_TRUE(text.substr(text.rfind('\n')).starts_with("\n    H5Dopen2: ")) << text;
        std::size_t frames = 0;
        for (std::size_t at = text.find('\n'); at != std::string::npos;
             at = text.find('\n', at + 1)) {
            EXPECT_EQ(text.substr(at + 1, 4), "    ") << text;
            ++frames;
        }
        EXPECT_GE(frames, 2U) << text;
    }
}

}  // namespace
}  // namespace mobi::test
