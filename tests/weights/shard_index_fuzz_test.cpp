// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "model/fuzz_mutations.hpp"

namespace mobi {
namespace {

TEST(ShardIndexFuzzTest, NoInputBreaksTheReader) {
    test::run_mutations(
        R"({"metadata":{"total_size":1},"weight_map":{"module._orig_mod.a.LayerNorm.gamma":"./a",)"
        R"("b":"w/b.safetensors","c":"w//c.safetensors"}})",
        20'000);
}

}  // namespace
}  // namespace mobi
