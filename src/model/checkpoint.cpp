// SPDX-License-Identifier: Apache-2.0
#include "model/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "model/content_hash.hpp"
#include "model/json_text.hpp"
#include "model/mapped_file.hpp"

namespace mobi {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

/// Whether a name in an index means a file of the same folder.
bool is_file_name(const nlohmann::json& name) {
    if (!name.is_string()) return false;
    const auto& text = name.get_ref<const std::string&>();
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos)
        return false;
    return is_one_line(text);
}

/// The files that an index names.
std::set<std::string> indexed_files(const std::filesystem::path& index) {
    nlohmann::json json;
    try {
        json = parse_json(read_text_file(index, {}, kMostJsonBytes));
    } catch (const JsonFault& fault) {
        throw DataError(fmt::format("{}: {}", index.string(), fault.what()));
    }
    const auto map = json.is_object() ? json.find("weight_map") : json.end();
    if (map == json.end() || !map->is_object())
        throw DataError(index.string() + ": needs an object \"weight_map\", tensor name to file");
    std::set<std::string> names;
    for (const auto& [tensor, name] : map->items()) {
        if (!is_file_name(name))
            throw DataError(
                fmt::format("{}: weight_map of \"{}\" is not the name of a file beside it",
                            index.string(), printable(tensor)));
        names.insert(name.get<std::string>());
    }
    return names;
}

/// \throws DataError  when a number is infinite or none.
void require_finite(const at::Tensor& values, const std::string& file, const std::string& tensor) {
    const float* first = values.data_ptr<float>();
    if (!std::all_of(first, first + values.numel(), [](float x) { return std::isfinite(x); }))
        throw DataError(
            fmt::format("{}: tensor \"{}\" holds a number that is infinite or NaN: "
                        "fetch or convert it again",
                        file, tensor));
}

}  // namespace

void require_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return;
    const bool fetched = folder.generic_string().find("cache/backbones") != std::string::npos;
    throw DataError(fmt::format(
        "{}: no such folder; {}", folder.string(),
        fetched ? "data/fetch_backbones.sh fetches it"
                : "path is a Hugging Face folder with config.json and model.safetensors"));
}

bool is_there(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::status(path, error).type() != std::filesystem::file_type::not_found;
}

Checkpoint::Checkpoint(const std::filesystem::path& folder, std::string prefix)
    : folder_(folder), prefix_(std::move(prefix)) {
    require_folder(folder);
    if (is_there(folder / kSingle)) {
        paths_.push_back(folder / kSingle);
    } else if (is_there(folder / kIndex)) {
        for (const std::string& name : indexed_files(folder / kIndex))
            paths_.push_back(folder / name);
    } else {
        throw DataError(
            fmt::format("{}: holds neither {} nor {}", folder.string(), kSingle, kIndex));
    }
    for (const auto& path : paths_) {
        files_.emplace_back(path);
        for (const auto& [name, unused] : files_.back().entries())
            if (!file_of_.emplace(name, files_.size() - 1).second)
                throw DataError(fmt::format(
                    "{}: tensor \"{}\" is in another file of the folder too", path.string(), name));
    }
}

std::optional<Checkpoint::Place> Checkpoint::find(std::string_view tensor) const {
    for (const std::string& candidate : {prefix_ + std::string(tensor), std::string(tensor)}) {
        const auto found = file_of_.find(candidate);
        if (found != file_of_.end()) return Place{&files_[found->second], candidate};
    }
    return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Checkpoint::shape(std::string_view tensor) const {
    const auto found = find(tensor);
    if (!found) return std::nullopt;
    return found->file->entry(found->name).shape;
}

at::Tensor Checkpoint::rows(const TensorSource& source,
                            std::int64_t first,
                            std::int64_t count) const {
    const auto found = find(source.name);
    if (!found)
        throw DataError(fmt::format(
            "{}: the weights have no tensor \"{}\" (nor \"{}{}\"): another architecture than "
            "config.json says, or a part of the model",
            folder_.string(), source.name, prefix_, source.name));
    const auto& [file, name] = *found;
    const SafetensorsEntry& entry = file->entry(name);
    std::vector<std::int64_t> shape = source.shape;
    if (source.in_out) std::reverse(shape.begin(), shape.end());
    if (entry.shape != shape)
        throw DataError(fmt::format("{}: tensor \"{}\" has shape [{}], config.json says [{}]",
                                    file->name(), name, fmt::join(entry.shape, ", "),
                                    fmt::join(shape, ", ")));
    if (entry.dtype != "F32" && entry.dtype != "F16" && entry.dtype != "BF16")
        throw DataError(fmt::format("{}: tensor \"{}\" has dtype {}; weights are F32, F16 or BF16",
                                    file->name(), name, entry.dtype));
    at::Tensor whole = file->tensor(name);
    if (source.in_out) whole = whole.t();
    at::Tensor values = whole.narrow(0, first, count).to(at::kFloat).contiguous();
    require_finite(values, file->name(), name);
    return values;
}

std::string Checkpoint::fingerprint() const {
    ContentHash hash;
    for (const auto& path : paths_) {
        hash.add(path.filename().string());
        hash.add(MappedFile::open(path).bytes());
    }
    return hash.hex();
}

}  // namespace mobi
