// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mobi {

/// The path of a file or folder that a file of a model's folder names, relative to that folder:
/// `./a` and `w//a` become `a` and `w/a`.
///
/// \return nothing when it would leave the folder (it is absolute or has a part `..`), when it is
///         the folder itself, or when it holds a control character.
std::optional<std::string> relative_name(std::string_view name);

}  // namespace mobi
