// SPDX-License-Identifier: Apache-2.0
#include "model/reference_check.hpp"

#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "model/checkpoint.hpp"
#include "model/config_file.hpp"
#include "model/family.hpp"
#include "model/safetensors.hpp"

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

Inputs read_inputs(const SafetensorsFile& file) {
    const at::Tensor ids = integers(file, "input_ids");
    const at::Tensor mask = integers(file, "attention_mask");
    const bool has_types = file.contains("token_type_ids");
    const at::Tensor types = has_types ? integers(file, "token_type_ids") : at::zeros_like(ids);
    if (mask.sizes() != ids.sizes() || types.sizes() != ids.sizes())
        throw DataError(file.name() +
                        ": input_ids, attention_mask and token_type_ids differ in shape");
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
    Computed(const Backbone& backbone, const std::filesystem::path& folder, const Inputs& inputs)
        : inputs_(inputs), states_(backbone.hidden_states(inputs.batch)) {
        for (std::size_t layer = 0; layer < states_.size(); ++layer)
            tokens_[fmt::format("hidden.{}", layer)] = states_[layer];
        tokens_["final_norm"] = states_.back();
        const auto& offsets = inputs.batch.offsets;
        vectors_["mean_pool"] = pooled(states_.back(), offsets, Pivot::Mean);
        vectors_["last_token"] = pooled(states_.back(), offsets, Pivot::Last);
        if (const auto pooler =
                pooler_output(folder, pooled(states_.back(), offsets, Pivot::First)))
            vectors_["pooler_output"] = *pooler;
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

  private:
    static const at::Tensor* find(const std::map<std::string, at::Tensor>& values,
                                  const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? nullptr : &found->second;
    }

    /// tanh(W x + b) with the folder's pooler, which a forward pass has no use for.
    static std::optional<at::Tensor> pooler_output(const std::filesystem::path& folder,
                                                   const at::Tensor& first) {
        if (folder.empty()) return std::nullopt;
        const ConfigFile config(folder / "config.json");
        const Checkpoint checkpoint(folder, std::string(family_of(config).prefix));
        if (!checkpoint.contains("pooler.dense.weight")) return std::nullopt;
        const std::int64_t d = first.size(1);
        return at::tanh(at::linear(first, checkpoint.weight("pooler.dense.weight", {d, d}),
                                   checkpoint.weight("pooler.dense.bias", {d})));
    }

    const Inputs& inputs_;
    std::vector<at::Tensor> states_;
    std::map<std::string, at::Tensor> tokens_;
    std::map<std::string, at::Tensor> vectors_;
};

TensorError compare(std::string name, const at::Tensor& computed, const at::Tensor& reference) {
    const at::Tensor exact = reference.to(at::kDouble);
    TensorError result{std::move(name), 0, true, ""};
    if (exact.numel() == 0) return result;
    const double largest = exact.abs().max().item<double>();
    const double difference = (computed.to(at::kDouble) - exact).abs().max().item<double>();
    result.relative = largest > 0 ? difference / largest : difference;
    return result;
}

/// Compares one tensor of the file; several entries for a stacked one.
void check_tensor(const SafetensorsFile& file,
                  const std::string& name,
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
    if (const auto stack = computed.stacked(name)) {
        if (reference.dim() != 3 || reference.size(1) < stack->size(1)) expect(stack->sizes());
        expect({stack->size(0), reference.size(1), stack->size(2)});
        for (std::int64_t layer = 0; layer < stack->size(1); ++layer)
            results.push_back(compare(fmt::format("{}[{}]", name, layer), stack->select(1, layer),
                                      reference.select(1, layer)));
    } else if (const at::Tensor* vectors = computed.vectors(name)) {
        expect(vectors->sizes());
        results.push_back(compare(name, *vectors, reference));
    } else if (const at::Tensor* tokens = computed.tokens(name)) {
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

}  // namespace

std::vector<TensorError> check_reference(const Backbone& backbone,
                                         const std::filesystem::path& reference,
                                         const std::filesystem::path& folder) {
    const SafetensorsFile file(reference);
    const Inputs inputs = read_inputs(file);
    const Computed computed(backbone, folder, inputs);
    const bool cut = cut_off(file, backbone.info().size.layers);
    std::vector<TensorError> results;
    for (const auto& [name, entry] : file.entries()) {
        if (name == "input_ids" || name == "attention_mask" || name == "token_type_ids") continue;
        if (cut && (computed.vectors(name) != nullptr || name == "final_norm"))
            results.push_back({name, 0, false, "blocks are cut off (layers)"});
        else
            check_tensor(file, name, inputs, computed, results);
    }
    return results;
}

}  // namespace mobi
