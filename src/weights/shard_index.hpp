// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// `model.safetensors.index.json`: which file of the folder, or of one below it, holds which
/// tensor.
struct ShardIndex {
    std::map<std::string, std::string, std::less<>> file_of;  ///< tensor -> file, relative
    /// Each file once, in the order in which transformers reads them: of a tensor that several
    /// hold, transformers keeps the last.
    std::vector<std::string> files;
};

/// \param name  stands for the path in errors.
/// \throws DataError  when the text is not an index, or names a file outside its folder.
ShardIndex parse_shard_index(std::string_view text, const std::string& name);

}  // namespace mobi
