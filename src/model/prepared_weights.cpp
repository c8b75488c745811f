// SPDX-License-Identifier: Apache-2.0
#include "model/prepared_weights.hpp"

#include <cerrno>
#include <cstring>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "model/content_hash.hpp"
#include "model/weight_rounding.hpp"

namespace mobi {
namespace {

/// Raise when preparing the same weights gives other bytes than before.
constexpr int kLayoutVersion = 1;
constexpr std::size_t kHeaderUnit = 4096;
constexpr std::size_t kAlignment = 64;

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

std::string_view precision_name(Precision precision) {
    switch (precision) {
        case Precision::Fp32:
            return "fp32";
        case Precision::Fp16:
            return "fp16";
        case Precision::Bf16:
            return "bf16";
        case Precision::Int8:
            return "int8";
        case Precision::Int4:
            return "int4";
    }
    return "?";
}

at::ScalarType stored_type(TensorRole role, Precision arithmetic) {
    return role == TensorRole::Matrix && arithmetic == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
}

/// Where everything is in the file; a pure function of plan and key.
struct Layout {
    std::string header;
    std::vector<std::size_t> offsets;  ///< from the start of the file
    std::size_t size = 0;
};

Layout make_layout(const PreparationPlan& plan, const PreparedKey& key) {
    Layout layout;
    std::size_t offset = 0;
    std::string table;
    for (const PreparedTensor& entry : plan) {
        layout.offsets.push_back(offset);
        const auto count = std::accumulate(entry.shape.begin(), entry.shape.end(), std::int64_t{1},
                                           std::multiplies<>());
        const auto type = stored_type(entry.role, key.arithmetic);
        fmt::format_to(std::back_inserter(table), "{} {} [{}] {} <- {}\n", entry.name,
                       type == at::kFloat ? "F32" : "BF16", fmt::join(entry.shape, ", "), offset,
                       fmt::join(entry.sources, " "));
        offset =
            round_up(offset + static_cast<std::size_t>(count) * c10::elementSize(type), kAlignment);
    }
    layout.header = fmt::format(
        "MOBI prepared weights\nlayout {}, source {}, weights {}, arithmetic {}, {} bytes\n{}",
        kLayoutVersion, key.source, precision_name(key.weight_dtype),
        precision_name(key.arithmetic), offset, table);
    layout.header.resize(round_up(layout.header.size(), kHeaderUnit), '\0');
    for (std::size_t& tensor_offset : layout.offsets) tensor_offset += layout.header.size();
    layout.size = layout.header.size() + offset;
    return layout;
}

at::Tensor make_tensor(const PreparedTensor& entry,
                       const PreparedKey& key,
                       const WeightReader& reader) {
    std::vector<std::int64_t> part_shape = entry.shape;
    part_shape[0] /= static_cast<std::int64_t>(entry.sources.size());
    std::vector<at::Tensor> parts;
    for (const std::string& source : entry.sources)
        parts.push_back(reader.weight(source, part_shape));
    const at::Tensor whole = parts.size() == 1 ? parts.front() : at::cat(parts, 0);
    const at::Tensor rounded = entry.role == TensorRole::Matrix
                                   ? round_matrix(whole, key.weight_dtype)
                                   : round_vector(whole, key.weight_dtype);
    return rounded.to(stored_type(entry.role, key.arithmetic)).contiguous();
}

/// Fills the file's bytes, one tensor at a time, so that the peak is one tensor above the result.
void fill(std::span<std::byte> bytes,
          const Layout& layout,
          const PreparationPlan& plan,
          const PreparedKey& key,
          const WeightReader& reader) {
    std::memcpy(bytes.data(), layout.header.data(), layout.header.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const at::Tensor tensor = make_tensor(plan[i], key, reader);
        MOBI_CHECK(layout.offsets[i] + tensor.nbytes() <= bytes.size(), "{} does not fit its file",
                   plan[i].name);
        std::memcpy(bytes.data() + layout.offsets[i], tensor.data_ptr(), tensor.nbytes());
    }
}

/// The prepared file, when it is there and whole.
std::optional<MappedFile> open_prepared(const std::filesystem::path& path, const Layout& layout) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    MappedFile file = MappedFile::open(path);
    const auto bytes = file.bytes();
    if (bytes.size() != layout.size ||
        std::memcmp(bytes.data(), layout.header.data(), layout.header.size()) != 0) {
        log::warning(path.string() + ": not what this program would have prepared; made again");
        return std::nullopt;
    }
    return file;
}

/// An exclusive lock among the processes of the node, held for the scope.
class FileLock {
  public:
    explicit FileLock(const std::filesystem::path& path)
        : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        int result = descriptor_ < 0 ? -1 : 0;
        while (result == 0 && ::flock(descriptor_, LOCK_EX) != 0)
            if (errno != EINTR) result = -1;
        if (result == 0) return;
        const int error = errno;
        if (descriptor_ >= 0) ::close(descriptor_);
        throw DataError(fmt::format("{}: cannot lock: {}", path.string(), std::strerror(error)));
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock() { ::close(descriptor_); }  // which also unlocks

  private:
    int descriptor_;
};

MappedFile open_or_prepare(const std::filesystem::path& path,
                           const Layout& layout,
                           const PreparationPlan& plan,
                           const PreparedKey& key,
                           const WeightReader& reader) {
    if (auto ready = open_prepared(path, layout)) return std::move(*ready);
    const FileLock lock(path.string() + ".lock");
    if (auto ready = open_prepared(path, layout))
        return std::move(*ready);  // another rank was first
    log::info(fmt::format("preparing {} of weights: {}",
                          human(static_cast<double>(layout.size), "B"), path.string()));
    const std::filesystem::path temporary = path.string() + ".tmp";  // ours alone: we hold the lock
    try {
        MappedFile file = MappedFile::create(temporary, layout.size);
        fill(file.writable_bytes(), layout, plan, key, reader);
        file.sync(temporary);
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        throw;
    }
    std::error_code error;
    std::filesystem::rename(temporary, path, error);
    if (error)
        throw DataError(fmt::format("{}: cannot rename: {}", path.string(), error.message()));
    auto ready = open_prepared(path, layout);
    MOBI_CHECK(ready.has_value(), "{} was just written and does not read back", path.string());
    return std::move(*ready);
}

}  // namespace

PreparedWeights::PreparedWeights(const PreparationPlan& plan,
                                 const PreparedKey& key,
                                 const WeightReader& reader,
                                 const std::filesystem::path& cache) {
    const Layout layout = make_layout(plan, key);
    auto mapping = std::make_shared<MappedFile>(MappedFile::anonymous(kHeaderUnit));
    if (cache.empty()) {
        *mapping = MappedFile::anonymous(layout.size);
        fill(mapping->writable_bytes(), layout, plan, key, reader);
    } else {
        std::error_code error;
        std::filesystem::create_directories(cache, error);
        if (error)
            throw DataError(fmt::format("{}: cannot be made: {} (backbone.cache)", cache.string(),
                                        error.message()));
        ContentHash name;
        name.add(layout.header);
        path_ =
            cache / fmt::format("{}-{}-{}.weights", name.hex(), precision_name(key.weight_dtype),
                                precision_name(key.arithmetic));
        *mapping = open_or_prepare(path_, layout, plan, key, reader);
    }
    for (std::size_t i = 0; i < plan.size(); ++i) {
        // from_blob wants a mutable pointer; nothing writes to a frozen weight
        auto* data = const_cast<std::byte*>(mapping->bytes().data() + layout.offsets[i]);
        const auto options = at::TensorOptions().dtype(stored_type(plan[i].role, key.arithmetic));
        tensors_.emplace(plan[i].name, at::from_blob(
                                           data, plan[i].shape, [mapping](void*) {}, options));
    }
}

const at::Tensor& PreparedWeights::tensor(std::string_view name) const {
    const auto found = tensors_.find(name);
    MOBI_CHECK(found != tensors_.end(), "no prepared tensor is called {}", name);
    return found->second;
}

const float* PreparedWeights::vector(std::string_view name) const {
    const at::Tensor& found = tensor(name);
    MOBI_CHECK(found.scalar_type() == at::kFloat, "{} is not a vector", name);
    return found.data_ptr<float>();
}

}  // namespace mobi
