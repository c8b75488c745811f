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

constexpr ForeignFormat pickle{"a Python pickle",
                               "save it as safetensors, or as text, with the program that made it"};

// Longer signatures before those that they begin with.
constexpr std::array signatures{
    Signature{
        "version https://git-lfs"sv,
        {"a Git LFS pointer", "'git lfs install && git lfs pull' in its clone gets the file"}},
    // unpacked from standard input, since these programs go by the ends of names
    Signature{"\x1f\x8b"sv, {"gzip", "'gunzip < FILE > NEW' unpacks it"}},
    Signature{"\x1f\x9d"sv, {"a file of compress", "'gunzip < FILE > NEW' unpacks it"}},
    Signature{"BZh"sv, {"bzip2", "'bunzip2 < FILE > NEW' unpacks it"}},
    Signature{"\xfd"
              "7zXZ\0"sv,
              {"xz", "'unxz < FILE > NEW' unpacks it"}},
    Signature{"\x28\xb5\x2f\xfd"sv, {"zstd", "'unzstd < FILE > NEW' unpacks it"}},
    Signature{"\x04\x22\x4d\x18"sv, {"lz4", "'unlz4 < FILE > NEW' unpacks it"}},
    Signature{"Rar!\x1a\x07"sv, {"a RAR archive", "unrar x unpacks it"}},
    Signature{"7z\xbc\xaf\x27\x1c"sv, {"a 7z archive", "7z x unpacks it"}},
    Signature{"PAR1"sv,
              {"parquet", "pandas converts it: read_parquet(FILE).to_csv(NEW, index=False)"}},
    Signature{"ARROW1"sv,
              {"an Arrow file", "pandas converts it: read_feather(FILE).to_csv(NEW, index=False)"}},
    Signature{
        "FEA1"sv,
        {"a Feather file", "pandas converts it: read_feather(FILE).to_csv(NEW, index=False)"}},
    Signature{"ORC"
              "\x0a"sv,
              {"ORC", "pandas converts it: read_orc(FILE).to_csv(NEW, index=False)"}},
    Signature{"\xff\xff\xff\xff"sv,
              {"an Arrow stream, as Hugging Face's datasets keep them",
               "datasets converts it: Dataset.from_file(FILE).to_csv(NEW, index=False)"}},
    Signature{"\x93NUMPY"sv, {"a NumPy array", "save it as text with NumPy"}},
    Signature{"\x89HDF\r\n\x1a\n"sv, {"an HDF5 file", "name the file that was meant"}},
    Signature{"SQLite format 3\0"sv, {"an SQLite database", "sqlite3 -csv exports a table"}},
    Signature{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv,
              {"a file of Microsoft Office", "save it as CSV in UTF-8"}},
    Signature{"%PDF-"sv, {"a PDF", "name the file that was meant"}},
    Signature{"{\\rtf"sv, {"rich text (RTF)", "save it as plain text in UTF-8"}},
    Signature{"<?xml"sv, {"XML", "a server's error, or a table to be saved as CSV in UTF-8"}},
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

/// What a zip archive is by the name of its first member.
std::optional<ForeignFormat> zip_archive(std::string_view first) {
    constexpr std::size_t kNameAt = 30;  // the length of the name stands at 26
    if (!first.starts_with("PK\x03\x04")) return std::nullopt;
    const std::size_t length =
        first.size() < kNameAt ? 0
                               : static_cast<std::size_t>(static_cast<unsigned char>(first[26])) +
                                     256 * static_cast<unsigned char>(first[27]);
    const std::string_view name = length == 0 ? std::string_view() : first.substr(kNameAt, length);
    for (const std::string_view begin :
         {"[Content_Types]"sv, "_rels/"sv, "docProps/"sv, "xl/"sv, "mimetype"sv})
        if (name.starts_with(begin))
            return ForeignFormat{"a file of Excel or of another office program",
                                 "save it as CSV in UTF-8"};
    if (name.ends_with(".npy"))
        return ForeignFormat{"a NumPy archive", "save it as text with NumPy"};
    if (name.ends_with("data.pkl") || name.ends_with("/.format_version"))
        return ForeignFormat{"a checkpoint of PyTorch",
                             "the README has the line of Python that converts it to safetensors"};
    return ForeignFormat{"a zip archive", "unzip unpacks it"};
}

/// UTF-16 or UTF-32 of mostly Latin text without its mark: the bytes at some places of every unit
/// are 0, and only those.
std::optional<ForeignFormat> unmarked_text(std::string_view first) {
    if (first.size() < 8) return std::nullopt;
    std::array<std::size_t, 4> zeros{};
    for (std::size_t i = 0; i < first.size(); ++i)
        if (first[i] == '\0') ++zeros[i % 4];
    const std::size_t all = first.size() / 4;
    const std::size_t many = all * 3 / 4;
    const auto are = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
        const std::array<std::size_t, 4> least{a, b, c, d};
        for (std::size_t i = 0; i < 4; ++i)
            if (least.at(i) == 0 ? zeros.at(i) != 0 : zeros.at(i) < least.at(i)) return false;
        return true;
    };
    if (are(0, many, all, all))
        return ForeignFormat{"text in UTF-32", "iconv -f utf-32le -t utf-8 converts it"};
    if (are(all, all, many, 0))
        return ForeignFormat{"text in UTF-32", "iconv -f utf-32be -t utf-8 converts it"};
    if (are(0, many, 0, many))
        return ForeignFormat{"text in UTF-16", "iconv -f utf-16le -t utf-8 converts it"};
    if (are(many, 0, many, 0))
        return ForeignFormat{"text in UTF-16", "iconv -f utf-16be -t utf-8 converts it"};
    return std::nullopt;
}

}  // namespace

std::optional<ForeignFormat> foreign_format(std::string_view first) {
    first = first.substr(0, foreign_format_bytes);
    for (const Signature& signature : signatures)
        if (first.starts_with(signature.bytes)) return signature.format;
    if (const auto zip = zip_archive(first)) return zip;
    if (is_web_page(first)) return web_page;
    return unmarked_text(first);
}

std::string foreign_format_message(const std::filesystem::path& path,
                                   const ForeignFormat& format,
                                   std::string_view wanted) {
    return fmt::format("{}: is {}, not {}: {}", path.string(), format.is, wanted, format.remedy);
}

}  // namespace mobi
