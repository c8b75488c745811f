// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/foreign_format.hpp"
#include "core/text.hpp"
#include "weights/json_text.hpp"
#include "weights/mapped_file.hpp"

namespace mobi {
namespace {

using Json = nlohmann::json;
using Entries = std::map<std::string, SafetensorsEntry, std::less<>>;

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMostShown = 300;  ///< characters of what is wrong

struct DtypeInfo {
    std::string_view name;
    unsigned bits;
    std::optional<at::ScalarType> scalar;  ///< nothing: known, but not read
};

constexpr std::array<DtypeInfo, 22> kDtypes{{{"BOOL", 8, at::kBool},
                                             {"U8", 8, at::kByte},
                                             {"I8", 8, at::kChar},
                                             {"I16", 16, at::kShort},
                                             {"U16", 16, {}},
                                             {"F16", 16, at::kHalf},
                                             {"BF16", 16, at::kBFloat16},
                                             {"I32", 32, at::kInt},
                                             {"U32", 32, {}},
                                             {"F32", 32, at::kFloat},
                                             {"F64", 64, at::kDouble},
                                             {"I64", 64, at::kLong},
                                             {"U64", 64, {}},
                                             {"C64", 64, {}},
                                             {"F8_E4M3", 8, {}},
                                             {"F8_E5M2", 8, {}},
                                             {"F8_E8M0", 8, {}},
                                             {"F8_E4M3FNUZ", 8, {}},
                                             {"F8_E5M2FNUZ", 8, {}},
                                             {"F6_E2M3", 6, {}},
                                             {"F6_E3M2", 6, {}},
                                             {"F4", 4, {}}}};

const DtypeInfo* find_dtype(std::string_view name) {
    const auto* found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                     [&](const DtypeInfo& info) { return info.name == name; });
    return found == kDtypes.end() ? nullptr : found;
}

/// What is wrong with the file `name`, as an error.
class Fault {
  public:
    explicit Fault(const std::string& name) : name_(name) {}
    template <typename... Args>
    [[noreturn]] void operator()(fmt::format_string<Args...> text, Args&&... args) const {
        throw DataError(
            fmt::format("{}: not a valid safetensors file: {}; fetch or convert it again", name_,
                        printable(fmt::format(text, std::forward<Args>(args)...), kMostShown)));
    }

  private:
    const std::string& name_;
};

Json parse_header(std::string_view text, const Fault& fault) {
    Json header;
    try {
        header = parse_json(text);
    } catch (const JsonFault& error) {
        fault("header {}", error.what());
    }
    if (!header.is_object()) fault("header is not a JSON object");
    return header;
}

std::uint64_t read_size(const Json& value, std::string_view what, const Fault& fault) {
    if (!value.is_number_unsigned()) fault("{} is not a whole number >= 0", what);
    const auto size = value.get<std::uint64_t>();
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fault("{} is too large", what);
    return size;
}

SafetensorsEntry read_entry(const std::string& tensor,
                            const Json& value,
                            std::span<const std::byte> data,
                            const Fault& fault) {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
        !value.contains("shape") || !value.contains("data_offsets"))
        fault("tensor \"{}\" needs exactly dtype, shape and data_offsets", tensor);
    const Json& dtype = value["dtype"];
    const Json& shape = value["shape"];
    const Json& offsets = value["data_offsets"];
    if (!dtype.is_string()) fault("dtype of \"{}\" is not a text", tensor);
    SafetensorsEntry entry;
    entry.dtype = dtype.get<std::string>();
    const DtypeInfo* info = find_dtype(entry.dtype);
    if (info == nullptr) fault("tensor \"{}\" has unknown dtype \"{}\"", tensor, entry.dtype);
    if (!shape.is_array()) fault("shape of \"{}\" is not a list", tensor);
    std::uint64_t bits = info->bits;
    for (const Json& size : shape) {
        const auto extent = read_size(size, fmt::format("a size of \"{}\"", tensor), fault);
        if (__builtin_mul_overflow(bits, extent, &bits))
            fault("the shape of \"{}\" overflows", tensor);
        entry.shape.push_back(static_cast<std::int64_t>(extent));
    }
    if (!offsets.is_array() || offsets.size() != 2)
        fault("data_offsets of \"{}\" are not [begin, end]", tensor);
    const auto begin = read_size(offsets[0], fmt::format("begin of \"{}\"", tensor), fault);
    const auto end = read_size(offsets[1], fmt::format("end of \"{}\"", tensor), fault);
    if (begin > end) fault("tensor \"{}\" begins after its end", tensor);
    if (end > data.size())
        fault("tensor \"{}\" ends at byte {} of {}: the file is cut off", tensor, end, data.size());
    if (bits % 8 != 0 || bits / 8 != end - begin)
        fault("tensor \"{}\" has {} bytes, its dtype and shape need {}", tensor, end - begin,
              bits / 8);
    entry.bytes = data.subspan(begin, end - begin);
    return entry;
}

void check_tiling(const Entries& entries, std::span<const std::byte> data, const Fault& fault) {
    std::vector<std::span<const std::byte>> ranges;
    ranges.reserve(entries.size());
    for (const auto& [name, entry] : entries) ranges.push_back(entry.bytes);
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
        return a.data() != b.data() ? a.data() < b.data() : a.size() < b.size();
    });
    const std::byte* next = data.data();
    for (const auto& range : ranges) {
        if (range.data() != next)
            fault("tensors {} at byte {}", range.data() < next ? "overlap" : "leave a hole",
                  std::min(range.data(), next) - data.data());
        next = range.data() + range.size();
    }
    if (next != data.data() + data.size())
        fault("{} bytes follow the last tensor", data.data() + data.size() - next);
}

/// Says what a file is whose first bytes are no header.  Only then: a header's length may well
/// begin as gzip does.
void refuse_foreign(std::span<const std::byte> bytes, const std::string& name) {
    const auto format = foreign_format({reinterpret_cast<const char*>(bytes.data()),
                                        std::min(bytes.size(), foreign_format_bytes)});
    if (format) throw DataError(foreign_format_message(name, *format, "a safetensors file"));
}

Entries read_entries(std::span<const std::byte> bytes, const std::string& file) {
    const Fault fault(file);
    if (bytes.size() < kLengthBytes) fault("{} bytes are too few for a header", bytes.size());
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes)
        refuse_foreign(bytes, file);
    if (length > kMaxHeaderBytes)
        fault("header length {} is above the limit of {}", length, kMaxHeaderBytes);
    if (length > bytes.size() - kLengthBytes)
        fault("header length {} is larger than the file, {} bytes: the file is cut off", length,
              bytes.size());
    const auto text = bytes.subspan(kLengthBytes, length);
    if (text.empty() || text.front() != std::byte{'{'}) fault("header does not begin with {{");
    const Json header =
        parse_header({reinterpret_cast<const char*>(text.data()), text.size()}, fault);
    const auto data = bytes.subspan(kLengthBytes + length);
    Entries entries;
    for (const auto& [name, value] : header.items()) {
        if (name == "__metadata__") {
            if (!value.is_object()) fault("__metadata__ is not an object");
            for (const Json& text_value : value)
                if (!text_value.is_string()) fault("__metadata__ holds something else than text");
            continue;
        }
        if (!is_one_line(name)) fault("the name \"{}\" has control characters", name);
        entries.emplace(name, read_entry(name, value, data, fault));
    }
    check_tiling(entries, data, fault);
    return entries;
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes,
                                 std::string name,
                                 std::shared_ptr<void> keep)
    : name_(std::move(name)), keep_(std::move(keep)) {
    entries_ = std::make_shared<const Entries>(read_entries(bytes, name_));
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : name_(path.string()) {
    auto mapped = std::make_shared<MappedFile>(MappedFile::open(path));
    entries_ = std::make_shared<const Entries>(read_entries(mapped->bytes(), name_));
    keep_ = std::move(mapped);
}

SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::string name) {
    return {bytes, std::move(name), nullptr};
}

const SafetensorsEntry& SafetensorsFile::entry(std::string_view tensor) const {
    const auto found = entries_->find(tensor);
    if (found != entries_->end()) return found->second;
    std::vector<std::string> names;
    names.reserve(entries_->size());
    for (const auto& [name, unused] : *entries_) names.push_back(name);
    const auto near = nearest(tensor, names);
    throw DataError(fmt::format("{}: has no tensor \"{}\"{}", name_, tensor,
                                near ? fmt::format("; nearest name: \"{}\"", *near) : ""));
}

at::Tensor SafetensorsFile::tensor(std::string_view tensor) const {
    const SafetensorsEntry& found = entry(tensor);
    const DtypeInfo* info = find_dtype(found.dtype);
    MOBI_CHECK(info != nullptr, "dtype {} passed the check of the header", found.dtype);
    if (!info->scalar)
        throw DataError(fmt::format(
            "{}: tensor \"{}\" has dtype {}, which is not read; convert it to F32, F16 or BF16",
            name_, tensor, found.dtype));
    const auto options = at::TensorOptions().dtype(*info->scalar);
    if (found.bytes.empty()) return at::empty(found.shape, options);
    const std::byte* data = found.bytes.data();
    if (reinterpret_cast<std::uintptr_t>(data) % (info->bits / 8) != 0) {
        at::Tensor copy = at::empty(found.shape, options);
        std::memcpy(copy.data_ptr(), data, found.bytes.size());
        return copy;
    }
    // from_blob wants a mutable pointer; nothing in this program writes to a frozen weight
    return at::from_blob(
        const_cast<std::byte*>(data), found.shape, [keep = keep_](void*) {}, options);
}

void write_safetensors(const std::filesystem::path& path,
                       const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    // by element size, largest first, so that every tensor is aligned; then by name
    std::vector<std::pair<std::string, at::Tensor>> sorted;
    for (const auto& [name, tensor] : tensors) sorted.emplace_back(name, tensor.contiguous());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        if (a.second.element_size() != b.second.element_size())
            return a.second.element_size() > b.second.element_size();
        return a.first < b.first;
    });
    std::size_t offset = 0;
    for (const auto& [name, tensor] : sorted) {
        const auto* info = std::find_if(kDtypes.begin(), kDtypes.end(),
                                        [type = tensor.scalar_type()](const DtypeInfo& candidate) {
                                            return candidate.scalar == type;
                                        });
        MOBI_CHECK(info != kDtypes.end(), "dtype of {} has no safetensors name", name);
        MOBI_CHECK(!header.contains(name), "tensor {} is written twice", name);
        const std::size_t end = offset + tensor.nbytes();
        header[name] = {{"dtype", std::string(info->name)},
                        {"shape", tensor.sizes().vec()},
                        {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();

    const std::filesystem::path temporary =
        path.string() + fmt::format(".tmp.{}", static_cast<long>(::getpid()));
    std::ofstream file(temporary, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), kLengthBytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const auto& [name, tensor] : sorted)
        file.write(static_cast<const char*>(tensor.data_ptr()),
                   static_cast<std::streamsize>(tensor.nbytes()));
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(temporary, path, error);
    if (!file || error) {
        std::filesystem::remove(temporary, error);
        throw DataError(path.string() + ": cannot be written");
    }
}

}  // namespace mobi
