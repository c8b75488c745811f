// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/shared_data.hpp"

namespace mobi::test {

using Json = nlohmann::ordered_json;

/// case.json of a case of the reference data, by its path in shared_folder().
inline Json read_case(const std::string& folder) {
    std::ifstream file(shared_path(folder) / "case.json");
    return Json::parse(file, nullptr, false);
}

/// Paths in shared_folder(), sorted, of all files below `folder` that are `wanted`: for the values
/// of a parametrised test, so that a new file is a new test.  When there is none, one path that is
/// not there, with which MOBI_NEEDS_SHARED skips.
inline std::vector<std::string> reference_files(
    const std::string& folder, const std::function<bool(const std::filesystem::path&)>& wanted) {
    std::vector<std::string> files;
    std::error_code ignored;
    for (std::filesystem::recursive_directory_iterator entry(shared_path(folder), ignored), end;
         entry != end; entry.increment(ignored))
        if (wanted(entry->path()))
            files.push_back(entry->path().lexically_relative(shared_folder()).generic_string());
    std::sort(files.begin(), files.end());
    if (files.empty()) files.push_back(folder + "/no_case_of_this_form");
    return files;
}

/// Likewise the folders of all cases below `vectors` whose case.json `has_form`.
inline std::vector<std::string> reference_cases(const std::function<bool(const Json&)>& has_form) {
    std::vector<std::string> folders = reference_files("vectors", [&](const auto& path) {
        if (path.filename() != "case.json") return false;
        std::ifstream file(path);
        const Json facts = Json::parse(file, nullptr, false);
        return facts.is_object() && has_form(facts);
    });
    for (std::string& folder : folders)
        if (folder.ends_with("/case.json")) folder.resize(folder.size() - 10);
    return folders;
}

/// Whether a JSON object has all of these members below one another.
inline bool has_path(const Json& json, const std::string& pointer) {
    return json.contains(Json::json_pointer(pointer));
}

/// A path as a name of a test: all of it, for two folders may hold files of one name.
inline std::string name_of_path(std::string name) {
    for (char& letter : name)
        if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
    return name;
}

/// For INSTANTIATE_TEST_SUITE_P over paths.
template <typename Test>
std::string case_name(const Test& test) {
    return name_of_path(test.param);
}

}  // namespace mobi::test
