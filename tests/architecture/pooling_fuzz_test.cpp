// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "model/fuzz_mutations.hpp"

namespace mobi {
namespace {

TEST(PoolingFuzzTest, NoInputBreaksTheReader) {
    test::run_mutations(
        R"([{"idx":0,"path":"","type":"a.Transformer"},{"idx":1,"path":"1_Pooling","type":"a.Pooling"}])",
        10'000);
    test::run_mutations(
        R"({"pooling_mode":["cls","mean"],"pooling_mode_cls_token":true,"pooling_mode_max_tokens":null})",
        10'000);
}

}  // namespace
}  // namespace mobi
