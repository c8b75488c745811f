// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/precision.hpp"

namespace mobi {

/// Section `[forward]`: how the host computes forward passes.
struct ForwardParameters {
    Precision dtype = Precision::Bf16;  ///< fp32 or bf16
    int group_devices = 8;
    int batch_tokens = 2048;
    double window_bytes = 256.0 * 1024 * 1024;
};

enum class ResidualOutput { Softmax, Logits, Zero };
enum class ResidualHeadKind { FrozenRandom, LmVerbalizer, Folder, None };

/// Section `[residual]` (docs/method.md 1.3).
struct ResidualParameters {
    ResidualOutput output = ResidualOutput::Softmax;
    ResidualHeadKind head = ResidualHeadKind::FrozenRandom;
    std::string verbalizer;  ///< a word for each class, cut at commas; empty: the classes' names
};

}  // namespace mobi
