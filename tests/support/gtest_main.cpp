// SPDX-License-Identifier: Apache-2.0
// main() for tests of one process.
#include "support/all_skipped.hpp"

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    return mobi::test::status_or_skipped(RUN_ALL_TESTS());
}
