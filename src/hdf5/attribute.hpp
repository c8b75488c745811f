// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/precision.hpp"
#include "hdf5/handle.hpp"

namespace mobi::record {

/// UTF-8 text of any length, which h5py reads as `str`.
DataType text_type();

/// \param object  an open file, group or dataset; in every function of this header.
void write_text(hid_t object, const char* name, std::string_view text);
void write_texts(hid_t object, const char* name, std::span<const std::string> texts);
void write_number(hid_t object, const char* name, std::int64_t value);
void write_numbers(hid_t object, const char* name, std::span<const std::int32_t> values);
/// A 64-bit pattern without a sign, for the seed.
void write_unsigned(hid_t object, const char* name, std::uint64_t value);

/// \throws RecordError  when there is no such attribute or it is of another kind.
std::string read_text(hid_t object, const char* name);
std::int64_t read_number(hid_t object, const char* name);
std::uint64_t read_unsigned(hid_t object, const char* name);
std::vector<std::int32_t> read_numbers(hid_t object, const char* name);
/// The attributes' names, sorted.
std::vector<std::string> attribute_names(hid_t object);

/// The two attributes that every dataset has.
void describe(hid_t dataset, std::string_view description, std::string_view unit);

/// `fp32`, ..., `int4`: the attribute `encoding`.
std::string_view encoding_name(Precision precision);
/// \throws DataError  for any other text; its message begins with `what`.
Precision parse_encoding(std::string_view text, std::string_view what);

/// How one number of an encoded vector is stored; int4: two of them as one uint8, bf16: its upper
/// 16 bits as uint16, fp16: IEEE half precision, which h5py reads as float16.
DataType encoded_type(Precision precision);

/// Numbers of encoded_type() in a vector of `width` values: `width`, or half of it for int4.
std::int64_t encoded_width(Precision precision, std::int64_t width);

/// Bytes of such a vector.
std::size_t encoded_bytes(Precision precision, std::int64_t width);

}  // namespace mobi::record
