// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/fuzz_mutations.hpp"
#include "model/model_support.hpp"
#include "weights/safetensors.hpp"

namespace mobi {
namespace {

TEST(SafetensorsFuzzTest, NoInputBreaksTheReader) {
    const test::TempFolder folder;
    const auto path = folder.path() / "valid.safetensors";
    write_safetensors(path,
                      {{"a", at::ones({2, 3})},
                       {"b.c", at::arange(3)},
                       {"empty", at::ones({0, 7})},
                       {"half", at::ones({5}).to(at::kHalf)}},
                      {{"format", "pt"}});
    std::ifstream file(path, std::ios::binary);
    test::run_mutations({std::istreambuf_iterator<char>(file), {}}, 5000);
}

}  // namespace
}  // namespace mobi
