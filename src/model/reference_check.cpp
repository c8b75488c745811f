// SPDX-License-Identifier: Apache-2.0
#include "model/reference_check.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "model/folder_heads.hpp"
#include "weights/safetensors.hpp"

namespace mobi {
namespace {

/// A padded batch without its padding, and how to get back.
struct Inputs {
    PackedBatch batch;
    at::Tensor positions;  ///< int64 (T): place of token t in the flattened (b * n) grid
    std::int64_t rows = 0;
    std::int64_t columns = 0;
};

at::Tensor integers(const SafetensorsFile& file, std::string_view name) {
    at::Tensor values = file.tensor(name);
    if (values.scalar_type() != at::kLong || values.dim() != 2)
        throw DataError(
            fmt::format("{}: \"{}\" is not I64 of shape [rows, positions]", file.name(), name));
    return values.contiguous();
}

/// \param suffix  of the inputs' names: empty, or `_left` for the same rows with padding before.
Inputs read_inputs(const SafetensorsFile& file, const std::string& suffix) {
    const at::Tensor ids = integers(file, "input_ids" + suffix);
    const at::Tensor mask = integers(file, "attention_mask" + suffix);
    const bool has_types = file.contains("token_type_ids");
    const at::Tensor types = has_types ? integers(file, "token_type_ids") : at::zeros_like(ids);
    if (mask.sizes() != ids.sizes() || types.sizes() != ids.sizes())
        throw DataError(file.name() +
                        ": input_ids, attention_mask and token_type_ids differ in shape");
    if (ids.size(0) == 0) throw DataError(file.name() + ": input_ids has no row");
    Inputs inputs;
    inputs.rows = ids.size(0);
    inputs.columns = ids.size(1);
    inputs.batch.offsets.push_back(0);
    std::vector<std::int64_t> places;
    const auto narrow = [](std::int64_t value) {
        // what does not fit is no token of any vocabulary, and is refused as such
        return value < 0 || value > std::numeric_limits<std::int32_t>::max()
                   ? -1
                   : static_cast<std::int32_t>(value);
    };
    for (std::int64_t row = 0; row < inputs.rows; ++row) {
        for (std::int64_t place = row * inputs.columns; place < (row + 1) * inputs.columns;
             ++place) {
            if (mask.data_ptr<std::int64_t>()[place] == 0) continue;
            places.push_back(place);
            inputs.batch.ids.push_back(narrow(ids.data_ptr<std::int64_t>()[place]));
            inputs.batch.type_ids.push_back(narrow(types.data_ptr<std::int64_t>()[place]));
        }
        if (static_cast<std::int64_t>(places.size()) == inputs.batch.offsets.back())
            throw DataError(
                fmt::format("{}: row {} of attention_mask has no real position", file.name(), row));
        inputs.batch.offsets.push_back(static_cast<std::int32_t>(places.size()));
    }
    inputs.positions = at::tensor(places, at::kLong);
    return inputs;
}

at::Tensor pooled(const at::Tensor& states, const std::vector<std::int32_t>& offsets, Pivot pivot) {
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        const at::Tensor own = states.slice(0, offsets[i], offsets[i + 1]);
        rows.push_back(pivot == Pivot::Mean    ? own.to(at::kDouble).mean(0).to(at::kFloat)
                       : pivot == Pivot::First ? own[0]
                                               : own[-1]);
    }
    return at::stack(rows);
}

/// Everything the backbone has to say about the batch.
class Computed {
  public:
    /// \param heads  null: the backbone alone is compared.
    Computed(const Backbone& backbone, const FolderHeads* heads, const Inputs& inputs)
        : inputs_(inputs), states_(backbone.hidden_states(inputs.batch)) {
        for (std::size_t layer = 0; layer < states_.size(); ++layer)
            tokens_[fmt::format("hidden.{}", layer)] = states_[layer];
        const at::Tensor last = backbone.final_state(states_.back());
        tokens_["final_norm"] = last;
        const auto& offsets = inputs.batch.offsets;
        vectors_["mean_pool"] = pooled(last, offsets, Pivot::Mean);
        vectors_["last_token"] = pooled(last, offsets, Pivot::Last);
        if (heads == nullptr) return;
        const at::Tensor first = pooled(last, offsets, Pivot::First);
        add(tokens_, "project_out", heads->project_out(last));
        add(tokens_, "logits", heads->language_model_logits(last));
        add(vectors_, "pooler_output", heads->pooler_output(first));
        classifier_name_ = heads->classifier_name();
        if (const auto classifier = heads->classifier())
            vectors_["logits"] =
                classifier->logits(backbone.info().causal ? vectors_["last_token"] : first);
    }

    /// (b, N + 1, d)
    std::optional<at::Tensor> stacked(std::string_view name) const {
        const std::map<std::string_view, Pivot> pivots{
            {"first", Pivot::First}, {"last", Pivot::Last}, {"mean", Pivot::Mean}};
        const auto pivot = pivots.find(name);
        if (pivot == pivots.end()) return std::nullopt;
        std::vector<at::Tensor> layers;
        for (const at::Tensor& states : states_)
            layers.push_back(pooled(states, inputs_.batch.offsets, pivot->second));
        return at::stack(layers, 1);
    }
    /// (T, d)
    const at::Tensor* tokens(const std::string& name) const { return find(tokens_, name); }
    /// (b, d)
    const at::Tensor* vectors(const std::string& name) const { return find(vectors_, name); }
    /// Of the tensor that a classifier would have.
    const std::string& classifier_name() const { return classifier_name_; }

  private:
    static const at::Tensor* find(const std::map<std::string, at::Tensor>& values,
                                  const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? nullptr : &found->second;
    }

    static void add(std::map<std::string, at::Tensor>& values,
                    const char* name,
                    const std::optional<at::Tensor>& value) {
        if (value) values[name] = *value;
    }

    const Inputs& inputs_;
    std::vector<at::Tensor> states_;
    std::map<std::string, at::Tensor> tokens_;
    std::map<std::string, at::Tensor> vectors_;
    std::string classifier_name_;
};

TensorError compare(std::string name, const at::Tensor& computed, const at::Tensor& reference) {
    const at::Tensor exact = reference.to(at::kDouble);
    TensorError result{std::move(name), 0, true, ""};
    if (exact.numel() == 0) return result;
    const double largest = exact.abs().max().item<double>();
    const double difference = (computed.to(at::kDouble) - exact).abs().max().item<double>();
    result.relative = largest > 0 ? difference / largest : difference;
    // a NaN on either side passes every comparison with a tolerance, so it must not get out
    if (std::isnan(result.relative)) result.relative = std::numeric_limits<double>::infinity();
    return result;
}

/// Compares one tensor of the file; several entries for a stacked one.
/// \param name   in the file.
/// \param plain  of what it holds: without `left.`.
void check_tensor(const SafetensorsFile& file,
                  const std::string& name,
                  const std::string& plain,
                  const Inputs& inputs,
                  const Computed& computed,
                  std::vector<TensorError>& results) {
    const at::Tensor reference = file.tensor(name);
    const auto expect = [&](at::IntArrayRef shape) {
        if (reference.sizes() != shape || !reference.is_floating_point())
            throw DataError(
                fmt::format("{}: \"{}\" has dtype {} and shape [{}], this backbone gives "
                            "[{}]",
                            file.name(), name, file.entry(name).dtype,
                            fmt::join(file.entry(name).shape, ", "), fmt::join(shape.vec(), ", ")));
    };
    if (const auto stack = computed.stacked(plain)) {
        if (reference.dim() != 3 || reference.size(1) < stack->size(1)) expect(stack->sizes());
        expect({stack->size(0), reference.size(1), stack->size(2)});
        for (std::int64_t layer = 0; layer < stack->size(1); ++layer)
            results.push_back(compare(fmt::format("{}[{}]", name, layer), stack->select(1, layer),
                                      reference.select(1, layer)));
    } else if (const at::Tensor* vectors = computed.vectors(plain)) {
        expect(vectors->sizes());
        results.push_back(compare(name, *vectors, reference));
    } else if (const at::Tensor* tokens = computed.tokens(plain)) {
        if (plain == "logits" && reference.dim() == 2)
            throw DataError(
                fmt::format("{}: \"{}\" holds a row of classes for each sample, but the folder has "
                            "no classifier, no tensor \"{}\"",
                            file.name(), name, computed.classifier_name()));
        expect({inputs.rows, inputs.columns, tokens->size(1)});
        const at::Tensor real = reference.reshape({inputs.rows * inputs.columns, tokens->size(1)})
                                    .index_select(0, inputs.positions);
        results.push_back(compare(name, *tokens, real));
    } else {
        results.push_back({name, 0, false, "this backbone does not compute it"});
    }
}

/// Whether the names of the file speak of the whole model: its last layer is not ours when blocks
/// were cut off, and then nothing behind the blocks can be compared.
bool cut_off(const SafetensorsFile& file, std::int32_t layers) {
    return file.contains(fmt::format("hidden.{}", layers + 1));
}

constexpr std::string_view kLeft = "left.";
constexpr std::string_view kHalf = "bf16.";

bool is_input(std::string_view name) {
    for (const std::string_view input :
         {"input_ids", "attention_mask", "token_type_ids", "position_ids"})
        if (name.starts_with(input)) return true;
    return false;
}

}  // namespace

std::vector<TensorError> check_reference(const Backbone& backbone,
                                         const std::filesystem::path& reference,
                                         const std::filesystem::path& folder) {
    const SafetensorsFile file(reference);
    std::optional<ModelFolder> opened;
    std::optional<FolderHeads> heads;
    if (!folder.empty()) {
        BackboneParameters parameters;
        parameters.path = folder.string();
        opened.emplace(parameters);
        heads.emplace(*opened, opened->open_weights());
    }
    const FolderHeads* own_heads = heads ? &*heads : nullptr;
    const Inputs inputs = read_inputs(file, "");
    const Computed computed(backbone, own_heads, inputs);
    std::optional<Inputs> left_inputs;
    std::optional<Computed> left;
    if (file.contains("input_ids_left")) {
        left_inputs = read_inputs(file, "_left");
        left.emplace(backbone, own_heads, *left_inputs);
    }
    const bool cut = cut_off(file, backbone.info().size.layers);
    std::vector<TensorError> results;
    for (const auto& [name, entry] : file.entries()) {
        if (is_input(name)) continue;
        const bool padded_left = left && name.starts_with(kLeft);
        const Computed& own = padded_left ? *left : computed;
        const std::string plain = padded_left ? name.substr(kLeft.size()) : name;
        const bool layer = plain.starts_with("hidden.");
        if (name.starts_with(kHalf))
            results.push_back({name, 0, false, "bfloat16's own result, not a reference"});
        else if (cut && !layer && (own.vectors(plain) || own.tokens(plain)))
            results.push_back({name, 0, false, "blocks are cut off (layers)"});
        else
            check_tensor(file, name, plain, padded_left ? *left_inputs : inputs, own, results);
    }
    return results;
}

}  // namespace mobi
