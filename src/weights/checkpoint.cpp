// SPDX-License-Identifier: Apache-2.0
#include "weights/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "weights/content_hash.hpp"
#include "weights/folder_files.hpp"
#include "weights/json_text.hpp"
#include "weights/mapped_file.hpp"
#include "weights/weight_names.hpp"

namespace mobi {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

/// \throws DataError  when a number is infinite or none.
void require_finite(const at::Tensor& values, const std::string& file, const std::string& tensor) {
    const float* first = values.data_ptr<float>();
    if (!std::all_of(first, first + values.numel(), [](float x) { return std::isfinite(x); }))
        throw DataError(
            fmt::format("{}: tensor \"{}\" holds a number that is infinite or NaN: "
                        "fetch or convert it again",
                        file, tensor));
}

/// "config.json says [60, 24]", or which of the sizes that differ may be of a default of ours.
std::string who_wants(const std::vector<std::int64_t>& shape,
                      const std::vector<std::int64_t>& stored,
                      const std::map<std::string, std::int32_t, std::less<>>& defaults) {
    const auto may_be_of = [&](std::int32_t value) {
        for (std::size_t i = 0; i < shape.size(); ++i)
            if ((stored.size() != shape.size() || stored[i] != shape[i]) && shape[i] % value == 0)
                return true;
        return false;
    };
    std::vector<std::string> involved;
    for (const auto& [key, value] : defaults)
        if (value > 1 && may_be_of(value)) involved.push_back(fmt::format("{} = {}", key, value));
    if (involved.empty()) return fmt::format("config.json says [{}]", fmt::join(shape, ", "));
    return fmt::format("wanted is [{}] with the default {}, which config.json does not state",
                       fmt::join(shape, ", "), fmt::join(involved, ", "));
}

std::string quoted(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names)
        list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", printable(name, 200));
    return list;
}

}  // namespace

Checkpoint::Checkpoint(const std::filesystem::path& folder, CheckpointNames names)
    : folder_(folder), names_(std::move(names)) {
    require_folder(folder);
    open_files();
    for (const auto& [name, files] : list_copies()) add_spelling(name, choose(name, files));
    if (index_) add_missing_of_index();
    if (!stale_.empty())
        notes_.push_back(
            {fmt::format("\"{}\"{}", stale_.front(),
                         stale_.size() == 1 ? "" : fmt::format(" and {} more", stale_.size() - 1)),
             "the file that " + std::string(kIndex) + " names",
             "another file has other numbers under the same name"});
    if (!names_.tied_head.empty()) note_tied_pair();
}

void Checkpoint::open_files() {
    if (is_there(folder_ / kSingle)) {
        files_in_order_.emplace_back(kSingle);
        if (is_there(folder_ / kIndex))
            notes_.push_back({"weights", kSingle, fmt::format("{} beside it is not read", kIndex)});
    } else if (is_there(folder_ / kIndex)) {
        const auto path = folder_ / kIndex;
        index_ = parse_shard_index(read_text_file(path, {}, kMostJsonBytes), path.string());
        files_in_order_ = index_->files;
    } else {
        const std::string instead = instead_of_weights(folder_);
        throw DataError(fmt::format("{}: holds neither {} nor {}{}{}", folder_.string(), kSingle,
                                    kIndex, instead.empty() ? "" : "; ", instead));
    }
    for (const std::string& file : files_in_order_) {
        if (index_ && !is_there(folder_ / file))
            throw DataError(fmt::format("{}: names {}, which is not in the folder",
                                        (folder_ / kIndex).string(), file));
        files_.emplace_back(folder_ / file);
    }
}

Checkpoint::Copies Checkpoint::list_copies() const {
    Copies copies;
    for (std::size_t file = 0; file < files_.size(); ++file)
        for (const auto& [name, unused] : files_[file].entries()) copies[name].push_back(file);
    return copies;
}

/// Of the files that hold a tensor, the one that the index names, or the last, as transformers
/// does.
Checkpoint::Stored Checkpoint::choose(const std::string& name,
                                      const std::vector<std::size_t>& files) {
    const Place last{files.back(), name};
    const auto named = index_ ? index_->file_of.find(name) : decltype(index_->file_of.find(name)){};
    if (!index_ || named == index_->file_of.end()) return {last};
    const auto of_index = std::find_if(files.begin(), files.end(), [&](std::size_t file) {
        return files_in_order_[file] == named->second;
    });
    if (of_index == files.end())
        return {last, fmt::format("{}: says that \"{}\" is in {}, which has no such tensor; {} has",
                                  (folder_ / kIndex).string(), printable(name, 200), named->second,
                                  files_in_order_[last.file])};
    Stored stored{{*of_index, name}};
    const auto differs = [&](std::size_t file) { return !equal(stored.place, {file, name}); };
    if (std::none_of(files.begin(), files.end(), differs)) return stored;
    stale_.push_back(name);
    if (differs(last.file))
        stored.fault = fmt::format(
            "{}: says that \"{}\" is in {}, but {} has it too, with other numbers, and "
            "transformers "
            "would read those: take it out of the one that is stale",
            (folder_ / kIndex).string(), printable(name, 200), named->second,
            files_in_order_[last.file]);
    return stored;
}

/// Another name of a tensor that is there already must mean the same numbers.
void Checkpoint::add_spelling(const std::string& name, Stored stored) {
    const auto [known, is_new] =
        stored_.try_emplace(plain_name(name, names_.prefix), std::move(stored));
    if (is_new) return;
    Stored& first = known->second;
    const Place second{stored.place.file, name};
    if (!first.fault.empty() || equal(first.place, second)) return;
    first.fault = fmt::format(
        "{}: tensors \"{}\" and \"{}\" are two names of one weight and differ: keep the right one",
        folder_.string(), printable(first.place.name, 200), printable(name, 200));
}

void Checkpoint::add_missing_of_index() {
    for (const auto& [name, file] : index_->file_of)
        stored_.try_emplace(
            plain_name(name, names_.prefix),
            Stored{{0, name},
                   fmt::format("{}: says that \"{}\" is in {}, which has no such tensor",
                               (folder_ / kIndex).string(), printable(name, 200), file)});
}

void Checkpoint::note_tied_pair() {
    const auto words = stored_.find(names_.words);
    const auto head = stored_.find(names_.tied_head);
    if (head == stored_.end()) return;
    if (words == stored_.end()) {
        notes_.push_back({"word table", head->second.place.name, "tied, and stored once"});
        return;
    }
    if (!names_.reads_head || equal(words->second.place, head->second.place)) return;
    notes_.push_back(
        {head->second.place.name, "its own tensor",
         fmt::format("tie_word_embeddings = true, but {} differs", words->second.place.name)});
}

const SafetensorsEntry& Checkpoint::entry(const Place& place) const {
    return files_[place.file].entry(place.name);
}

bool Checkpoint::equal(const Place& a, const Place& b) const {
    const SafetensorsEntry& left = entry(a);
    const SafetensorsEntry& right = entry(b);
    return left.dtype == right.dtype && left.shape == right.shape &&
           std::equal(left.bytes.begin(), left.bytes.end(), right.bytes.begin(), right.bytes.end());
}

const Checkpoint::Place* Checkpoint::find(std::string_view tensor) const {
    auto stored = stored_.find(tensor);
    if (stored == stored_.end() && tensor == names_.words) stored = stored_.find(names_.tied_head);
    if (stored == stored_.end()) return nullptr;
    if (!stored->second.fault.empty()) throw DataError(stored->second.fault);
    return &stored->second.place;
}

const Checkpoint::Place& Checkpoint::found(const std::string& tensor) const {
    if (const Place* place = find(tensor)) return *place;
    std::vector<std::string> names;
    std::string adapted;
    for (const auto& [unused, stored] : stored_) {
        names.push_back(stored.place.name);
        if (stored.place.name.find(".lora_") != std::string::npos) adapted = stored.place.name;
    }
    if (!adapted.empty())
        throw DataError(fmt::format(
            "{}: tensor \"{}\" belongs to a LoRA adapter: merge it into the model first "
            "(merge_and_unload() of PEFT)",
            folder_.string(), printable(adapted, 200)));
    throw DataError(fmt::format(
        "{}: the weights have no tensor \"{}\" (nor \"{}{}\"); the nearest of their {} names: {}",
        folder_.string(), tensor, names_.prefix, tensor, names.size(),
        names.empty() ? "none" : quoted(near_names(tensor, names))));
}

std::optional<std::vector<std::int64_t>> Checkpoint::shape(std::string_view tensor) const {
    const Place* place = find(tensor);
    if (place == nullptr) return std::nullopt;
    return entry(*place).shape;
}

void Checkpoint::require(const TensorSource& source) const {
    const Place& place = found(source.name);
    const SafetensorsEntry& stored = entry(place);
    const std::string& file = files_[place.file].name();
    std::vector<std::int64_t> shape = source.shape;
    if (source.in_out) std::reverse(shape.begin(), shape.end());
    if (stored.shape != shape)
        throw DataError(fmt::format("{}: tensor \"{}\" has shape [{}], {}", file, place.name,
                                    fmt::join(stored.shape, ", "),
                                    who_wants(shape, stored.shape, names_.defaults)));
    if (stored.dtype != "F32" && stored.dtype != "F16" && stored.dtype != "BF16")
        throw DataError(fmt::format("{}: tensor \"{}\" has dtype {}; weights are F32, F16 or BF16",
                                    file, place.name, stored.dtype));
}

at::Tensor Checkpoint::rows(const TensorSource& source,
                            std::int64_t first,
                            std::int64_t count) const {
    require(source);
    const Place& place = found(source.name);
    const SafetensorsFile& file = files_[place.file];
    at::Tensor whole = file.tensor(place.name);
    if (source.in_out) whole = whole.t();
    at::Tensor values = whole.narrow(0, first, count).to(at::kFloat).contiguous();
    require_finite(values, file.name(), place.name);
    return values;
}

std::string Checkpoint::fingerprint() const {
    ContentHash hash;
    for (const std::string& file : files_in_order_) {
        hash.add(file);
        hash.add(MappedFile::open(folder_ / file).bytes());
    }
    if (index_)  // which of two copies is read
        for (const auto& [tensor, file] : index_->file_of) hash.add(tensor + " " + file);
    return hash.hex();
}

}  // namespace mobi
