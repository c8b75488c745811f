// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mobi {

using Bytes = std::vector<std::byte>;

static_assert(std::endian::native == std::endian::little,
              "messages and prepared files are little-endian; a big-endian host needs swaps here");

/// Appends little-endian values to a growing byte string.
class ByteWriter {
  public:
    template <typename T>
    requires std::is_arithmetic_v<T>
    void put(T value) { put_bytes(std::as_bytes(std::span(&value, 1))); }

    /// The elements alone, without a count.
    template <typename T>
    requires std::is_arithmetic_v<T>
    void put_all(std::span<const T> values) { put_bytes(std::as_bytes(values)); }

    /// A 32-bit byte count, then the bytes.
    void put_text(std::string_view text);

    void put_bytes(std::span<const std::byte> bytes);

    std::size_t size() const noexcept { return bytes_.size(); }
    Bytes take() noexcept { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

/// Reads what ByteWriter wrote.  Never reads past the end: a message that is too short throws.
class ByteReader {
  public:
    /// \param bytes  must outlive the reader.
    /// \param what   names the message in errors, e.g. `"packet"`.
    ByteReader(std::span<const std::byte> bytes, std::string_view what)
        : bytes_(bytes), what_(what) {}

    template <typename T>
    requires std::is_arithmetic_v<T> T get() {
        T value{};
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }

    template <typename T>
    requires std::is_arithmetic_v<T> std::vector<T> get_all(std::size_t count) {
        // checked by division first: a lying count must not overflow the product
        if (count > remaining() / sizeof(T)) fail(count, sizeof(T));
        std::vector<T> values(count);
        const auto source = take(count * sizeof(T));
        if (!source.empty()) std::memcpy(values.data(), source.data(), source.size());
        return values;
    }

    std::string get_text();

    /// A view of the next `count` bytes, valid as long as the bytes read from.
    std::span<const std::byte> take(std::size_t count);
    /// \throws TransportError  as take().
    Bytes take_copy(std::size_t count) {
        const std::span<const std::byte> bytes = take(count);
        return {bytes.begin(), bytes.end()};
    }

    std::size_t remaining() const noexcept { return bytes_.size(); }

    /// \throws TransportError  when bytes are left over.
    void finish() const;

  private:
    [[noreturn]] void fail(std::size_t count, std::size_t width) const;

    std::span<const std::byte> bytes_;
    std::string_view what_;
};

}  // namespace mobi
