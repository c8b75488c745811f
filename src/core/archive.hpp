// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/byte_io.hpp"
#include "core/id.hpp"

namespace mobi {

/// Writes members to bytes, or reads them back in the same order, so that one function of a class
/// says what it consists of:
///
///     void archive(Archive& archive) { archive(weights_, step_, names_); }
///
/// Members are numbers, enumerations, times, ids, texts, and vectors, maps, pairs, options and
/// shared constants of these, and classes that have such a function.
class Archive {
  public:
    /// Writes.
    Archive() = default;
    /// Reads.  \param bytes  of take(); must outlive the archive.
    explicit Archive(std::span<const std::byte> bytes)
        : reader_(std::in_place, bytes, "checkpoint") {}

    bool reads() const noexcept { return reader_.has_value(); }

    /// \throws TransportError  when it reads beyond the end.
    template <typename... Members>
    void operator()(Members&... members) {
        (member(members), ...);
    }

    /// Some numbers in place, whose count both sides know.
    template <typename Number>
    requires std::is_arithmetic_v<Number>
    void numbers(std::span<Number> values) {
        if (!reader_) return writer_.put_all(std::span<const Number>(values));
        const auto bytes = reader_->take(values.size_bytes());
        if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    }

    /// What was written.
    Bytes take() { return writer_.take(); }
    /// \throws TransportError  when something is left.
    void finish() const {
        if (reader_) reader_->finish();
    }

  private:
    template <typename T>
    requires std::is_arithmetic_v<T>
    void member(T& value) {
        if (reader_)
            value = reader_->get<T>();
        else
            writer_.put(value);
    }
    template <typename T>
    requires std::is_enum_v<T>
    void member(T& value) {
        auto number = static_cast<std::int64_t>(value);
        member(number);
        value = static_cast<T>(number);
    }
    template <typename Tag, typename Value>
    void member(Id<Tag, Value>& id) {
        Value value = id.value();
        member(value);
        id = Id<Tag, Value>(value);
    }
    template <typename Rep, typename Period>
    void member(std::chrono::duration<Rep, Period>& length) {
        Rep count = length.count();
        member(count);
        length = std::chrono::duration<Rep, Period>(count);
    }
    template <typename Clock, typename Duration>
    void member(std::chrono::time_point<Clock, Duration>& time) {
        Duration since = time.time_since_epoch();
        member(since);
        time = std::chrono::time_point<Clock, Duration>(since);
    }
    void member(std::byte& value) {
        auto number = static_cast<std::uint8_t>(value);
        member(number);
        value = static_cast<std::byte>(number);
    }
    void member(std::string& text) {
        std::uint64_t size = text.size();
        member(size);
        if (reader_) {
            const auto bytes = reader_->take(size);
            text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        } else {
            writer_.put_bytes(std::as_bytes(std::span(text)));
        }
    }
    template <typename T>
    void member(std::vector<T>& values) {
        std::uint64_t size = values.size();
        member(size);
        if constexpr (std::is_arithmetic_v<T>) {
            if (reader_)
                values = reader_->get_all<T>(size);
            else
                writer_.put_all(std::span<const T>(values));
        } else if constexpr (std::same_as<T, std::byte>) {
            if (reader_)
                values = reader_->take_copy(size);
            else
                writer_.put_bytes(values);
        } else {
            if (reader_) values.clear();
            for (std::uint64_t i = 0; i < size; ++i) {
                if (reader_) values.emplace_back();
                member(values[i]);
            }
        }
    }
    template <typename Key, typename Value>
    void member(std::map<Key, Value>& map) {
        std::uint64_t size = map.size();
        member(size);
        if (!reader_) {
            for (auto& [key, value] : map) {
                Key copy = key;
                member(copy);
                member(value);
            }
            return;
        }
        map.clear();
        for (std::uint64_t i = 0; i < size; ++i) {
            Key key{};
            member(key);
            member(map[key]);
        }
    }
    template <typename First, typename Second>
    void member(std::pair<First, Second>& pair) {
        member(pair.first);
        member(pair.second);
    }
    template <typename T>
    void member(std::optional<T>& option) {
        bool there = option.has_value();
        member(there);
        if (reader_) {
            option.reset();
            if (there) option.emplace();
        }
        if (there) member(*option);
    }
    /// Whoever shared it has a copy of its own afterwards.
    template <typename T>
    void member(std::shared_ptr<const T>& shared) {
        T value = shared ? *shared : T();
        member(value);
        if (reader_) shared = std::make_shared<const T>(std::move(value));
    }
    template <typename T>
    requires requires(T& value, Archive& archive) { value.archive(archive); }
    void member(T& value) { value.archive(*this); }

    std::optional<ByteReader> reader_;
    ByteWriter writer_;
};

}  // namespace mobi
