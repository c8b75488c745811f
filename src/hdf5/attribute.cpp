// SPDX-License-Identifier: Apache-2.0
#include "hdf5/attribute.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi::record {
namespace {

DataSpace scalar() {
    return {H5Screate(H5S_SCALAR), "create a scalar"};
}

DataSpace line(std::size_t length) {
    const hsize_t size = length;
    return {H5Screate_simple(1, &size, nullptr), "create a line"};
}

void write_attribute(hid_t object,
                     const char* name,
                     const DataType& type,
                     const DataSpace& space,
                     const void* value) {
    const std::string what = fmt::format("write attribute '{}'", name);
    Attribute attribute(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
                        what);
    if (H5Sget_simple_extent_npoints(space.get()) > 0)
        check_hdf5(H5Awrite(attribute.get(), type.get(), value), what);
    attribute.close(what);
}

DataType copy(hid_t type) {
    return {H5Tcopy(type), "copy a type"};
}

void expect_kind(const Attribute& attribute, H5T_class_t kind, const std::string& what) {
    const DataType type(H5Aget_type(attribute.get()), what);
    if (H5Tget_class(type.get()) != kind)
        throw RecordError(what + (kind == H5T_STRING ? ": not a text" : ": not a whole number"));
}

/// An attribute of one value of this kind: HDF5 would write all values of another one behind the
/// one that the caller has room for, and convert a float without a word.
Attribute open_single(hid_t object, const char* name, H5T_class_t kind, const std::string& what) {
    Attribute attribute(H5Aopen(object, name, H5P_DEFAULT), what);
    const DataSpace space(H5Aget_space(attribute.get()), what);
    const hssize_t values = H5Sget_simple_extent_npoints(space.get());
    if (values != 1) throw RecordError(fmt::format("{}: {} values, not one", what, values));
    expect_kind(attribute, kind, what);
    return attribute;
}

constexpr std::array<std::string_view, 5> kEncodings{"fp32", "fp16", "bf16", "int8", "int4"};

}  // namespace

DataType text_type() {
    DataType type = copy(H5T_C_S1);
    check_hdf5(H5Tset_size(type.get(), H5T_VARIABLE), "make a text type");
    check_hdf5(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a text type");
    return type;
}

void write_text(hid_t object, const char* name, std::string_view text) {
    const std::string terminated(text);
    const char* pointer = terminated.c_str();
    write_attribute(object, name, text_type(), scalar(), &pointer);
}

void write_texts(hid_t object, const char* name, std::span<const std::string> texts) {
    std::vector<const char*> pointers;
    pointers.reserve(texts.size());
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    write_attribute(object, name, text_type(), line(texts.size()), pointers.data());
}

void write_number(hid_t object, const char* name, std::int64_t value) {
    write_attribute(object, name, copy(H5T_STD_I64LE), scalar(), &value);
}

void write_unsigned(hid_t object, const char* name, std::uint64_t value) {
    write_attribute(object, name, copy(H5T_STD_U64LE), scalar(), &value);
}

void write_numbers(hid_t object, const char* name, std::span<const std::int32_t> values) {
    write_attribute(object, name, copy(H5T_STD_I32LE), line(values.size()), values.data());
}

std::string read_text(hid_t object, const char* name) {
    const std::string what = fmt::format("read attribute '{}'", name);
    const Attribute attribute = open_single(object, name, H5T_STRING, what);
    char* text = nullptr;
    check_hdf5(H5Aread(attribute.get(), text_type().get(), static_cast<void*>(&text)), what);
    const std::unique_ptr<char, herr_t (*)(void*)> owner(text, H5free_memory);
    return text != nullptr ? std::string(text) : std::string();
}

std::int64_t read_number(hid_t object, const char* name) {
    const std::string what = fmt::format("read attribute '{}'", name);
    const Attribute attribute = open_single(object, name, H5T_INTEGER, what);
    std::int64_t value = 0;
    check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), what);
    return value;
}

std::uint64_t read_unsigned(hid_t object, const char* name) {
    const std::string what = fmt::format("read attribute '{}'", name);
    const Attribute attribute = open_single(object, name, H5T_INTEGER, what);
    std::uint64_t value = 0;
    check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_UINT64, &value), what);
    return value;
}

std::vector<std::int32_t> read_numbers(hid_t object, const char* name) {
    const std::string what = fmt::format("read attribute '{}'", name);
    const Attribute attribute(H5Aopen(object, name, H5P_DEFAULT), what);
    expect_kind(attribute, H5T_INTEGER, what);
    const DataSpace space(H5Aget_space(attribute.get()), what);
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    std::vector<std::int32_t> values(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (!values.empty())
        check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_INT32, values.data()), what);
    return values;
}

std::vector<std::string> attribute_names(hid_t object) {
    std::vector<std::string> names;
    hsize_t position = 0;
    const auto append = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
        static_cast<std::vector<std::string>*>(list)->emplace_back(name);
        return 0;
    };
    check_hdf5(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, append, &names),
               "list attributes");
    return names;
}

void describe(hid_t dataset, std::string_view description, std::string_view unit) {
    write_text(dataset, "description", description);
    write_text(dataset, "unit", unit);
}

std::string_view encoding_name(Precision precision) {
    return kEncodings.at(static_cast<std::size_t>(precision));
}

Precision parse_encoding(std::string_view text, std::string_view what) {
    for (std::size_t i = 0; i < kEncodings.size(); ++i)
        if (kEncodings.at(i) == text) return static_cast<Precision>(i);
    throw DataError(
        fmt::format("{}: encoding '{}' is not known: fp32, fp16, bf16, int8 or int4", what, text));
}

DataType encoded_type(Precision precision) {
    switch (precision) {
        case Precision::Fp32:
            return copy(H5T_IEEE_F32LE);
        case Precision::Fp16: {
            DataType half = copy(H5T_IEEE_F32LE);
            // fields first: the size may not cut through a field
            check_hdf5(H5Tset_fields(half.get(), 15, 10, 5, 0, 10), "make the half type");
            check_hdf5(H5Tset_size(half.get(), 2), "make the half type");
            check_hdf5(H5Tset_ebias(half.get(), 15), "make the half type");
            return half;
        }
        case Precision::Bf16:
            return copy(H5T_STD_U16LE);
        case Precision::Int8:
            return copy(H5T_STD_I8LE);
        case Precision::Int4:
            return copy(H5T_STD_U8LE);
    }
    return copy(H5T_IEEE_F32LE);
}

std::int64_t encoded_width(Precision precision, std::int64_t width) {
    return precision == Precision::Int4 ? (width + 1) / 2 : width;
}

std::size_t encoded_bytes(Precision precision, std::int64_t width) {
    const double number = precision == Precision::Int4 ? 1 : bytes_per_number(precision);
    return static_cast<std::size_t>(encoded_width(precision, width)) *
           static_cast<std::size_t>(number);
}

}  // namespace mobi::record
