// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace mobi {

/// Whether there is something of that name; also where we may not look, so that opening it says
/// why.
bool is_there(const std::filesystem::path& path);

/// Whether `folder` is a folder; else an error that says which command fetches it, where one does.
/// \throws DataError
void require_folder(const std::filesystem::path& folder);

/// For a folder without `config.json`: what it is instead and what its owner can do, e.g. "it is a
/// cache of Hugging Face: its snapshots are ..."; empty when nothing is recognised.
std::string instead_of_config(const std::filesystem::path& folder);

/// The same for one without `model.safetensors` and without its index: "it holds pytorch_model.bin,
/// ...".
std::string instead_of_weights(const std::filesystem::path& folder);

/// The command that turns the `.bin` files of PyTorch in the working directory into
/// model.safetensors; the README shows the same.
inline constexpr const char* kConvertPyTorch =
    "python3 -c \"import glob, torch, safetensors.torch as s; s.save_file({k: "
    "v.clone().contiguous() for f in sorted(glob.glob('pytorch_model*.bin')) for k, v in "
    "torch.load(f, 'cpu', weights_only=True).items()}, 'model.safetensors', {'format': 'pt'})\"";

}  // namespace mobi
