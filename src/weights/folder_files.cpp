// SPDX-License-Identifier: Apache-2.0
#include "weights/folder_files.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostShown = 3;

/// Entries of a folder in the order of their names; none when it cannot be listed.
std::vector<fs::path> entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        found.push_back(it->path());
    std::sort(found.begin(), found.end());
    return found;
}

/// The first few names, then how many more there are.
std::string listed(const std::vector<fs::path>& paths) {
    std::vector<std::string> names;
    for (const fs::path& path : paths)
        if (names.size() < kMostShown) names.push_back(printable(path.string(), 200));
    const std::size_t more = paths.size() - names.size();
    return fmt::format("{}{}", fmt::join(names, ", "),
                       more == 0 ? "" : fmt::format(" and {} more", more));
}

std::vector<fs::path> files_where(const fs::path& folder,
                                  const std::function<bool(const std::string&)>& wanted) {
    std::vector<fs::path> found;
    for (const fs::path& entry : entries(folder))
        if (wanted(entry.filename().string())) found.push_back(entry.filename());
    return found;
}

bool has_model(const fs::path& folder) {
    return is_there(folder / "config.json");
}

/// Folders right below that hold a config.json.
std::vector<fs::path> models_below(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const fs::path& entry : entries(folder))
        if (has_model(entry)) found.push_back(entry);
    return found;
}

/// The snapshots of a folder `models--org--name` in a cache of huggingface_hub, `main`'s first.
std::vector<fs::path> snapshots(const fs::path& repository) {
    std::vector<fs::path> found = models_below(repository / "snapshots");
    try {
        const std::string main =
            std::string(trim(read_text_file(repository / "refs" / "main", {}, 200)));
        std::stable_partition(found.begin(), found.end(),
                              [&](const fs::path& path) { return path.filename() == main; });
    } catch (const DataError&) {  // a snapshot of another revision alone has no refs/main
    }
    return found;
}

std::string cache_of_hugging_face(const fs::path& folder) {
    for (const fs::path& root : {folder, folder / "hub"}) {
        std::vector<fs::path> found;
        for (const fs::path& entry : entries(root))
            if (entry.filename().string().starts_with("models--"))
                for (const fs::path& snapshot : snapshots(entry)) found.push_back(snapshot);
        if (!found.empty())
            return "it is a cache of Hugging Face: give one of its snapshots, " + listed(found);
    }
    const std::vector<fs::path> own = snapshots(folder);
    if (!own.empty())
        return "it is a repository in a cache of Hugging Face: give its snapshot " + listed(own);
    if (is_there(folder / "snapshots"))
        return "it is a repository in a cache of Hugging Face without a snapshot that has "
               "config.json: fetch it again";
    return {};
}

/// Of a folder as it lies on a user's disk after a download or a training with LoRA.
std::string adapter(const fs::path& folder) {
    if (!is_there(folder / "adapter_config.json")) return {};
    return "it holds an adapter (adapter_config.json): merge it into its base model, in Python: "
           "peft.AutoPeftModelForCausalLM (or the class of its task).from_pretrained(FOLDER)"
           ".merge_and_unload().save_pretrained(NEW)";
}

/// Of the model above a folder such as `1_Pooling` or `onnx`.
std::string model_above(const fs::path& folder) {
    std::error_code error;
    const fs::path above =
        (fs::absolute(folder, error) / "").lexically_normal().parent_path().parent_path();
    if (error || !has_model(above)) return {};
    return fmt::format("config.json is in the folder above: give {}", above.string());
}

struct OtherWeights {
    const char* end;  ///< of the names of such files
    const char* what;
};

constexpr std::array<OtherWeights, 8> kOtherWeights{{
    {".gguf", "GGUF of llama.cpp, mostly quantised: take the safetensors it was made from"},
    {"tf_model.h5",
     "weights of TensorFlow: transformers 4 converts them, in Python: "
     "AutoModel.from_pretrained(FOLDER, from_tf=True).save_pretrained(NEW)"},
    {"flax_model.msgpack",
     "weights of Flax: transformers 4 converts them, in Python: "
     "AutoModel.from_pretrained(FOLDER, from_flax=True).save_pretrained(NEW)"},
    {".onnx", "ONNX: take the safetensors it was made from"},
    {".pth", "a checkpoint of PyTorch: save the model's state_dict() as safetensors in Python"},
    {".pt", "a checkpoint of PyTorch: save the model's state_dict() as safetensors in Python"},
    {".ckpt",
     "a checkpoint of PyTorch or TensorFlow: save the model's weights as safetensors in "
     "Python"},
    {".ot", "weights of rust-bert: take the safetensors of the same model"},
}};

bool is_pytorch_part(const std::string& name) {
    return name.starts_with("pytorch_model") && name.ends_with(".bin");
}

/// What a Trainer of transformers leaves beside the weights.
bool is_state_of_training(const std::string& name) {
    return name.starts_with("optimizer") || name.starts_with("scheduler") ||
           name.starts_with("rng_state");
}

std::string other_weights(const fs::path& folder) {
    const auto torch = files_where(folder, is_pytorch_part);
    if (!torch.empty())
        return fmt::format(
            "it holds {}, weights as a pickle of PyTorch: with torch and safetensors installed, "
            "this "
            "converts them, in that folder: {}",
            listed(torch), kConvertPyTorch);
    const auto others = files_where(folder, [](const std::string& name) {
        return name.ends_with(".safetensors") && name != "reference.safetensors";
    });
    if (!others.empty())
        return fmt::format(
            "it holds {} but no model.safetensors.index.json, which says what is "
            "where; one file that is a whole model is named model.safetensors",
            listed(others));
    for (const OtherWeights& kind : kOtherWeights) {
        const auto files = files_where(folder, [&](const std::string& name) {
            return name.ends_with(kind.end) && !is_state_of_training(name);
        });
        if (!files.empty()) return fmt::format("it holds {}, {}", listed(files), kind.what);
    }
    if (is_there(folder / "zero_to_fp32.py"))
        return "it holds the parts of a training with DeepSpeed: its zero_to_fp32.py puts them "
               "together (--safe_serialization)";
    if (is_there(folder / "onnx"))
        return "it holds a folder onnx: take the safetensors it was made from";
    return {};
}

}  // namespace

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::status(path, error).type() != fs::file_type::not_found;
}

void require_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(folder, error)) return;
    if (fs::is_regular_file(folder, error))
        throw DataError(
            fmt::format("{}: is a file: give the folder it is in, {}", folder.string(),
                        folder.has_parent_path() ? folder.parent_path().string() : "."));
    const std::string_view command = fetch_command(folder);
    throw DataError(fmt::format(
        "{}: no such folder; {}", folder.string(),
        command.empty() ? "path is a Hugging Face folder with config.json and model.safetensors"
                        : command));
}

std::string instead_of_config(const fs::path& folder) {
    std::error_code error;
    if (fs::is_empty(folder, error)) return "it is empty";
    if (const std::string text = cache_of_hugging_face(folder); !text.empty()) return text;
    if (const std::string text = adapter(folder); !text.empty()) return text;
    const auto below = models_below(folder);
    if (!below.empty())
        return fmt::format("config.json is in a folder below: give {}", listed(below));
    if (const std::string text = model_above(folder); !text.empty()) return text;
    if (is_there(folder / "params.json"))
        return "it looks like Meta's or Mistral's own form of a model (params.json): take the form "
               "for transformers";
    if (is_there(folder / "model.safetensors") || is_there(folder / "model.safetensors.index.json"))
        return "it has weights, but config.json says what they are: fetch it from where they are "
               "from";
    return other_weights(folder);
}

std::string instead_of_weights(const fs::path& folder) {
    if (const std::string text = adapter(folder); !text.empty()) return text;
    return other_weights(folder);
}

}  // namespace mobi
