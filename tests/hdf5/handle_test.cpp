// SPDX-License-Identifier: Apache-2.0
#include "hdf5/handle.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

class HandleTest : public ::testing::Test {
  protected:
    void SetUp() override { silence_hdf5_diagnostics(); }

    // A file in memory: nothing reaches the disk.
    static File memory_file(const char* name) {
        const PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create access list");
        check_hdf5(H5Pset_fapl_core(access.get(), 1 << 16, false), "choose the in-memory driver");
        return {H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "create file"};
    }
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

}  // namespace
}  // namespace mobi::test
