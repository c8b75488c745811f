// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <fmt/format.h>

#include "config/arguments.hpp"
#include "config/value.hpp"
#include "core/error.hpp"
#include "core/precision.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// The value of `--name`, or `otherwise` when it is not given.
/// \throws ConfigError  when the option has a value that its codec does not accept.
template <typename T>
T option(const Arguments& arguments, const std::string& name, const Codec<T>& codec, T otherwise) {
    if (!arguments.has(name)) return otherwise;
    const std::string text = arguments.get(name);
    if (const std::optional<T> value = codec.read(text)) return *value;
    throw ConfigError(fmt::format("--{} {}: accepted: {}", name, text, codec.accepted));
}

/// `--dtype`: the host's arithmetic.
inline Precision arithmetic_option(const Arguments& arguments, Precision otherwise) {
    return option(arguments, "dtype",
                  codec::choice<Precision>({{"fp32", Precision::Fp32}, {"bf16", Precision::Bf16}}),
                  otherwise);
}

}  // namespace mobi
