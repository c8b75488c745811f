// SPDX-License-Identifier: Apache-2.0
#include "weights/prepared_weights.hpp"

#include <algorithm>
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
#include "weights/content_hash.hpp"
#include "weights/weight_rounding.hpp"

namespace mobi {
namespace {

/// Raise when preparing the same weights gives other bytes than before.
constexpr int kLayoutVersion = 2;
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
    return role != TensorRole::Vector && arithmetic == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
}

LinearShape linear_shape(const PreparedTensor& entry, Precision arithmetic) {
    const auto shape = entry.shape();
    return {shape[0], shape[1], stored_type(entry.role, arithmetic)};
}

std::size_t stored_bytes(const PreparedTensor& entry, Precision arithmetic) {
    if (entry.role == TensorRole::Matrix) return packed_bytes(linear_shape(entry, arithmetic));
    const auto shape = entry.shape();
    const auto count =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    return static_cast<std::size_t>(count) * c10::elementSize(stored_type(entry.role, arithmetic));
}

/// Where everything is in the file; a pure function of plan and key.
struct Layout {
    std::string header;
    std::vector<std::size_t> offsets;  ///< from the start of the file
    std::vector<std::size_t> sizes;
    std::size_t size = 0;
};

Layout make_layout(const PreparationPlan& plan, const PreparedKey& key) {
    Layout layout;
    std::size_t offset = 0;
    std::string table;
    for (const PreparedTensor& entry : plan) {
        layout.offsets.push_back(offset);
        layout.sizes.push_back(stored_bytes(entry, key.arithmetic));
        const auto type = stored_type(entry.role, key.arithmetic);
        fmt::format_to(std::back_inserter(table), "{} {} [{}] {}", entry.name,
                       type == at::kFloat ? "F32" : "BF16", fmt::join(entry.shape(), ", "), offset);
        if (entry.role == TensorRole::Matrix)
            fmt::format_to(std::back_inserter(table), " ({})",
                           packing(linear_shape(entry, key.arithmetic)));
        table += " <-";
        for (const TensorSource& source : entry.sources)
            fmt::format_to(std::back_inserter(table), " {}{}", source.name,
                           source.in_out ? "ᵀ" : "");
        table += '\n';
        offset = round_up(offset + layout.sizes.back(), kAlignment);
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

/// Rows of a source, rounded to the device's precision, in the type they are stored in.
at::Tensor rounded_rows(const TensorSource& source,
                        TensorRole role,
                        const PreparedKey& key,
                        const WeightReader& reader,
                        std::int64_t first,
                        std::int64_t count) {
    const at::Tensor values = reader.rows(source, first, count);
    const at::Tensor rounded = role == TensorRole::Vector ? round_vector(values, key.weight_dtype)
                                                          : round_matrix(values, key.weight_dtype);
    return rounded.to(stored_type(role, key.arithmetic)).contiguous();
}

/// Calls `store(rows)` for all rows of all sources, a few megabytes at a time.
template <typename Store>
void for_parts(const PreparedTensor& entry,
               const PreparedKey& key,
               const WeightReader& reader,
               Store store) {
    constexpr std::int64_t kPart = std::int64_t{1} << 21;  // numbers
    for (const TensorSource& source : entry.sources) {
        const std::int64_t rows = source.shape.front();
        const std::int64_t columns = source.shape.size() > 1 ? source.shape[1] : 1;
        const std::int64_t step = std::max<std::int64_t>(1, kPart / columns);
        for (std::int64_t first = 0; first < rows; first += step)
            store(
                rounded_rows(source, entry.role, key, reader, first, std::min(step, rows - first)));
    }
}

/// Fills the file's bytes, so that the peak is one product's weight above the result.
void fill(std::span<std::byte> bytes,
          const Layout& layout,
          const PreparationPlan& plan,
          const PreparedKey& key,
          const WeightReader& reader) {
    std::memcpy(bytes.data(), layout.header.data(), layout.header.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const std::span<std::byte> target = bytes.subspan(layout.offsets[i], layout.sizes[i]);
        const bool packed = plan[i].role == TensorRole::Matrix;
        const auto type = stored_type(plan[i].role, key.arithmetic);
        const at::Tensor plain = packed ? at::empty(plan[i].shape(), type) : at::Tensor();
        auto* place = packed ? static_cast<std::byte*>(plain.data_ptr()) : target.data();
        for_parts(plan[i], key, reader, [&](const at::Tensor& part) {
            std::memcpy(place, part.data_ptr(), part.nbytes());
            place += part.nbytes();
        });
        if (packed) pack(plain, target);
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

std::vector<std::int64_t> PreparedTensor::shape() const {
    std::vector<std::int64_t> whole = sources.front().shape;
    whole[0] = 0;
    for (const TensorSource& source : sources) whole[0] += source.shape[0];
    return whole;
}

PreparedWeights::PreparedWeights(const PreparationPlan& plan,
                                 const PreparedKey& key,
                                 const WeightReader& reader,
                                 const std::filesystem::path& cache) {
    // whether every tensor is there and has its shape, before memory is taken for any
    for (const PreparedTensor& entry : plan)
        for (const TensorSource& source : entry.sources) reader.rows(source, 0, 0);
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
    mapping_ = mapping;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const std::byte* data = mapping->bytes().data() + layout.offsets[i];
        if (plan[i].role == TensorRole::Matrix) {
            linears_.emplace(plan[i].name, Linear(linear_shape(plan[i], key.arithmetic), data));
            continue;
        }
        // from_blob wants a mutable pointer; nothing writes to a frozen weight
        const auto options = at::TensorOptions().dtype(stored_type(plan[i].role, key.arithmetic));
        tensors_.emplace(plan[i].name, at::from_blob(
                                           const_cast<std::byte*>(data), plan[i].shape(),
                                           [mapping](void*) {}, options));
    }
}

const at::Tensor& PreparedWeights::tensor(std::string_view name) const {
    const auto found = tensors_.find(name);
    MOBI_CHECK(found != tensors_.end(), "no prepared tensor is called {}", name);
    return found->second;
}

const Linear& PreparedWeights::linear(std::string_view name) const {
    const auto found = linears_.find(name);
    MOBI_CHECK(found != linears_.end(), "no prepared product is called {}", name);
    return found->second;
}

const float* PreparedWeights::vector(std::string_view name) const {
    const at::Tensor& found = tensor(name);
    MOBI_CHECK(found.scalar_type() == at::kFloat, "{} is not a vector", name);
    return found.data_ptr<float>();
}

}  // namespace mobi
