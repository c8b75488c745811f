// SPDX-License-Identifier: Apache-2.0
#include "core/foreign_format.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace mobi {
namespace {

using namespace std::string_view_literals;

struct Signature {
    std::string_view bytes;  ///< with which such a file begins
    ForeignFormat format;
};

constexpr std::string_view unpack_zip =
    "unzip unpacks it (a checkpoint of torch.save is a zip too: see the README on converting it)";

constexpr ForeignFormat pickle{"a Python pickle",
                               "save it as safetensors, or as text, with the program that made it"};

// Longer signatures before those that they begin with.
constexpr std::array signatures{
    Signature{
        "version https://git-lfs"sv,
        {"a Git LFS pointer", "'git lfs install && git lfs pull' in its clone gets the file"}},
    Signature{"\x1f\x8b"sv, {"gzip", "gunzip unpacks it (rename it to end in .gz first)"}},
    Signature{"PK\x03\x04"sv, {"a zip archive", unpack_zip}},
    Signature{"BZh"sv, {"bzip2", "bunzip2 unpacks it"}},
    Signature{"\xfd"
              "7zXZ\0"sv,
              {"xz", "unxz unpacks it"}},
    Signature{"\x28\xb5\x2f\xfd"sv, {"zstd", "unzstd unpacks it"}},
    Signature{"7z\xbc\xaf\x27\x1c"sv, {"a 7z archive", "7z x unpacks it"}},
    Signature{"PAR1"sv,
              {"parquet", "pandas converts it: read_parquet(FILE).to_csv(NEW, index=False)"}},
    Signature{"ARROW1"sv,
              {"an Arrow file", "pandas converts it: read_feather(FILE).to_csv(NEW, index=False)"}},
    Signature{"\x89HDF\r\n\x1a\n"sv, {"an HDF5 file", "name the file that was meant"}},
    Signature{"SQLite format 3\0"sv, {"an SQLite database", "sqlite3 -csv exports a table"}},
    Signature{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv,
              {"a file of Microsoft Office", "save it as CSV in UTF-8"}},
    Signature{"%PDF-"sv, {"a PDF", "name the file that was meant"}},
    Signature{"GGUF"sv, {"a GGUF model", "take the safetensors files it was made from"}},
    Signature{"\x80\x02\x8a"sv, pickle},  // torch.save before 1.6
    Signature{"\x80\x02}"sv, pickle},
    Signature{"\x80\x03}"sv, pickle},
    Signature{"\x80\x04\x95"sv, pickle},
    Signature{"\x80\x05\x95"sv, pickle},
    Signature{"\xff\xfe\0\0"sv, {"text in UTF-32", "iconv -f utf-32 -t utf-8 converts it"}},
    Signature{"\0\0\xfe\xff"sv, {"text in UTF-32", "iconv -f utf-32 -t utf-8 converts it"}},
    Signature{"\xff\xfe"sv, {"text in UTF-16", "iconv -f utf-16 -t utf-8 converts it"}},
    Signature{"\xfe\xff"sv, {"text in UTF-16", "iconv -f utf-16 -t utf-8 converts it"}},
};

constexpr ForeignFormat web_page{"a page of HTML",
                                 "the download saved a web page: fetch the raw "
                                 "file"};

bool is_web_page(std::string_view first) {
    first.remove_prefix(std::min(first.size(), first.find_first_not_of(" \t\r\n")));
    std::string start(first.substr(0, 14));
    for (char& letter : start)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return start.starts_with("<!doctype html") || start.starts_with("<html");
}

/// UTF-16 of mostly Latin text without its mark: every other byte is 0, and only those.
std::optional<ForeignFormat> unmarked_utf16(std::string_view first) {
    if (first.size() < 8) return std::nullopt;
    std::array<std::size_t, 2> zeros{};
    for (std::size_t i = 0; i < first.size(); ++i)
        if (first[i] == '\0') ++zeros[i % 2];
    const std::size_t many = first.size() / 2 * 3 / 4;
    if (zeros[0] == 0 && zeros[1] >= many)
        return ForeignFormat{"text in UTF-16", "iconv -f utf-16le -t utf-8 converts it"};
    if (zeros[1] == 0 && zeros[0] >= many)
        return ForeignFormat{"text in UTF-16", "iconv -f utf-16be -t utf-8 converts it"};
    return std::nullopt;
}

}  // namespace

std::optional<ForeignFormat> foreign_format(std::string_view first) {
    first = first.substr(0, foreign_format_bytes);
    for (const Signature& signature : signatures)
        if (first.starts_with(signature.bytes)) return signature.format;
    if (is_web_page(first)) return web_page;
    return unmarked_utf16(first);
}

std::string foreign_format_message(const std::filesystem::path& path,
                                   const ForeignFormat& format,
                                   std::string_view wanted) {
    return fmt::format("{}: is {}, not {}: {}", path.string(), format.is, wanted, format.remedy);
}

}  // namespace mobi
