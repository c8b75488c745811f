// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// How a number is stored: a device's weights (`weight_dtype`), a packet's taps (`packet.dtype`),
/// or the host's arithmetic (`forward.dtype`: fp32 and bf16 only).
enum class Precision { Fp32, Fp16, Bf16, Int8, Int4 };

/// Bytes of one number: 4, 2, 2, 1, 0.5.
constexpr double bytes_per_number(Precision precision) {
    switch (precision) {
        case Precision::Fp32:
            return 4;
        case Precision::Fp16:
        case Precision::Bf16:
            return 2;
        case Precision::Int8:
            return 1;
        case Precision::Int4:
            return 0.5;
    }
    return 0;
}

}  // namespace mobi
