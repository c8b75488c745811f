// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "architecture/backbone_info.hpp"
#include "architecture/config_file.hpp"
#include "architecture/family.hpp"
#include "architecture/transformer_config.hpp"
#include "core/error.hpp"

namespace mobi::test {

/// What the reader of a configuration's family makes of it.
inline TransformerConfig read_family(const std::string& json, std::int32_t layers = 0) {
    const ConfigFile config = ConfigFile::parse(json, "config.json");
    return family_of(config).read(config, layers);
}

/// `{"model_type": "<family>", <rest>}`
inline std::string config_of(const std::string& family, const std::string& rest = "") {
    return R"({"model_type":")" + family + '"' + (rest.empty() ? "" : "," + rest) + "}";
}

/// What a family's reader says of a configuration; empty when it is accepted.
inline std::string family_refusal(const std::string& json, std::int32_t layers = 0) {
    try {
        read_family(json, layers);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

/// Parameters of the backbone: all of a published model's but those of pooler and head.
inline std::int64_t parameters_of(const std::string& json, std::int32_t layers = 0) {
    return static_cast<std::int64_t>(describe(read_family(json, layers)).size.parameters);
}

}  // namespace mobi::test
