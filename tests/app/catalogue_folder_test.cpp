// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_folder.hpp"

#include <gtest/gtest.h>

#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

class CatalogueFolderTest : public ::testing::Test {
  protected:
    fs::path make(const char* folder) const {
        fs::create_directories(folder_.path() / folder);
        return folder_.path() / folder;
    }

    TempFolder folder_;
};

TEST_F(CatalogueFolderTest, ThatOfTheWorkingDirectoryComesFirst) {
    const fs::path mine = make("mine/configs/links").parent_path();
    make("theirs/configs/devices");
    const fs::path program = make("theirs/build/app") / "fedmobillm";
    EXPECT_EQ(find_catalogue(folder_.path() / "mine", program), mine);
}

TEST_F(CatalogueFolderTest, ElseTheNearestAboveTheProgram) {
    make("far/configs/devices");
    const fs::path near = make("far/near/configs/devices").parent_path();
    const fs::path program = make("far/near/build/app") / "fedmobillm";
    EXPECT_EQ(find_catalogue(make("elsewhere"), program), near);
}

TEST_F(CatalogueFolderTest, OrTheOneThatWasInstalledWithTheProgram) {
    const fs::path installed = make("a prefix/share/fedmobillm/configs/devices").parent_path();
    const fs::path program = make("a prefix/bin") / "fedmobillm";
    EXPECT_EQ(find_catalogue(make("elsewhere"), program), installed);
}

TEST_F(CatalogueFolderTest, AFolderWithThatNameAloneIsNoCatalogue) {
    make("mine/configs/experiments");
    const fs::path program = make("bin") / "fedmobillm";
    EXPECT_EQ(find_catalogue(folder_.path() / "mine", program), std::nullopt);
    EXPECT_EQ(find_catalogue(folder_.path() / "mine", ""), std::nullopt);
}

}  // namespace
}  // namespace mobi::test
