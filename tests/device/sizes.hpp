// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "device/model_size.hpp"

namespace mobi::test {

/// 12 x 768, parameters as docs/method.md 4.5 counts them, without pooler and heads.
inline ModelSize roberta_base() {
    return {12, 768, 3072, 12, 12, 64, false, 85'054'464 + 39'000'576, 39'000'576};
}
/// 24 x 1024: RoBERTa-large and OPT-350M.
inline ModelSize large() {
    return {24, 1024, 4096, 16, 16, 64, false, 0, 0};
}
/// 24 x 2048.
inline ModelSize opt_1_3b() {
    return {24, 2048, 8192, 32, 32, 64, false, 1'315'758'080, 0};
}

}  // namespace mobi::test
