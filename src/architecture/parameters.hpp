// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/precision.hpp"

namespace mobi {

enum class WeightSource { Folder, Random };

/// A section `[backbone.<name>]`.
struct BackboneParameters {
    std::string name;
    std::string path;  ///< Hugging Face folder
    int layers = 0;    ///< keep the first n blocks; 0 = all
    WeightSource weights = WeightSource::Folder;
    Precision weight_dtype = Precision::Fp16;  ///< of the device: rounded to it, charged with it
    bool resident_embedding = true;  ///< whether the device keeps the embedding table in memory
};

}  // namespace mobi
