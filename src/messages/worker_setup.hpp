// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "architecture/parameters.hpp"
#include "core/byte_io.hpp"
#include "model/parameters.hpp"
#include "wire/packet.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// All that a worker needs to know, broadcast by rank 0 once.  Workers read no configuration and no
/// data: tokens come with the requests, weights from the backbone's folder or its prepared file.
struct WorkerSetup {
    struct Backbone {
        BackboneParameters parameters;
        Pivot pivot = Pivot::First;               ///< resolved
        std::vector<std::int32_t> tap_layers;     ///< 0 = embedding
        PacketLayout layout;                      ///< of uploads
        std::vector<std::int32_t> class_words{};  ///< token id of each class's word (lm_verbalizer)
    };
    std::string method;  ///< `method.name`: which program the devices run
    std::uint64_t seed = 1;
    std::int32_t classes = 0;  ///< C; 1 = regression
    std::int32_t threads = 1;  ///< compute threads of this process
    bool forward = true;       ///< false: packets of zeros (`run.compute = packets`)
    bool measure_peak = true;  ///< measure the GEMM peak once per backbone
    Precision arithmetic = Precision::Bf16;
    std::int32_t batch_tokens = 2048;
    ResidualParameters residual;
    std::string cache;  ///< folder of prepared weights
    std::vector<Backbone> backbones;
};

Bytes encode_setup(const WorkerSetup& setup);

/// \throws TransportError  when the bytes are not what encode_setup() wrote.
WorkerSetup decode_setup(std::span<const std::byte> bytes);

}  // namespace mobi
