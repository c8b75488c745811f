// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/source_note.hpp"
#include "weights/prepared_weights.hpp"
#include "weights/safetensors.hpp"
#include "weights/shard_index.hpp"

namespace mobi {

/// What a family and a configuration say about a folder's tensors.
struct CheckpointNames {
    std::string prefix{};     ///< of tensor names, with its dot, e.g. `"bert."`
    std::string words{};      ///< the word table
    std::string tied_head{};  ///< the same tensor under the head's name; empty: they are not tied
    bool reads_head = false;  ///< whether the head, where it is stored too, is read as such
    /// Sizes that config.json leaves out, for errors: `n_embd` -> 768.
    std::map<std::string, std::int32_t, std::less<>> defaults{};
};

/// The weights of a Hugging Face folder: `model.safetensors`, or the files that
/// `model.safetensors.index.json` names.
///
/// Tensors are asked for by plain_name(); a file may have several spellings of one, which must be
/// equal.  The index decides which file a tensor is read from.  Of a tied pair either is enough.
class Checkpoint : public WeightReader {
  public:
    /// Reads the files' headers, and the numbers of tensors that are there more than once.
    /// \throws DataError  when a file is missing or malformed.
    Checkpoint(const std::filesystem::path& folder, CheckpointNames names);

    std::optional<std::vector<std::int64_t>> shape(std::string_view tensor) const override;

    /// \throws DataError  when it is missing, of another shape, not F32, F16 or BF16, or there
    /// twice
    ///                    with different numbers.
    void require(const TensorSource& source) const override;

    /// \throws DataError  as require(), and when it holds a number that is not finite.
    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override;

    /// Fingerprint of all bytes of all weight files.
    std::string fingerprint() const override;

    const SourceNotes& notes() const override { return notes_; }

  private:
    /// A tensor's file and its name there.
    struct Place {
        std::size_t file;
        std::string name;
    };
    /// What is stored under a plain name.
    struct Stored {
        Place place;
        std::string fault{};  ///< why it cannot be told what to read; empty: nothing is wrong
    };
    using Copies = std::map<std::string, std::vector<std::size_t>>;  ///< stored name -> its files

    void open_files();
    Copies list_copies() const;
    Stored choose(const std::string& name, const std::vector<std::size_t>& files);
    void add_spelling(const std::string& name, Stored stored);
    void add_missing_of_index();
    void note_tied_pair();
    const SafetensorsEntry& entry(const Place& place) const;
    bool equal(const Place& a, const Place& b) const;
    /// \throws DataError  when it cannot be told which is meant.
    const Place* find(std::string_view tensor) const;
    /// The tensor, or an error that shows what the files have instead.
    const Place& found(const std::string& tensor) const;

    std::filesystem::path folder_;
    CheckpointNames names_;
    std::optional<ShardIndex> index_;
    std::vector<std::string> files_in_order_;  ///< relative to the folder
    std::vector<SafetensorsFile> files_;
    std::map<std::string, Stored, std::less<>> stored_;
    std::vector<std::string> stale_;  ///< tensors of which another file has other numbers
    SourceNotes notes_;
};

}  // namespace mobi
