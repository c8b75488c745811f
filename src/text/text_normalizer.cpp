// SPDX-License-Identifier: Apache-2.0
#include "text/text_normalizer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uniset.h>

#include "core/check.hpp"

namespace mobi {
namespace {

/// ICU's NFC, confined to the characters of Unicode 9.
const icu::Normalizer2& nfc() {
    struct Confined {
        icu::UnicodeSet characters;
        icu::FilteredNormalizer2 normalizer;
        explicit Confined(UErrorCode& status)
            : characters(icu::UnicodeString(u"[:age=9.0:]"), status),
              normalizer(*icu::Normalizer2::getNFCInstance(status), characters) {
            characters.freeze();
        }
    };
    static const std::unique_ptr<const Confined> confined = [] {
        UErrorCode status = U_ZERO_ERROR;
        auto made = std::make_unique<const Confined>(status);
        MOBI_CHECK(U_SUCCESS(status) != 0, "ICU has no NFC: {}", u_errorName(status));
        return made;
    }();
    return confined->normalizer;
}

std::string composed(std::string text) {
    // Up to U+02FF, whose first byte is 0xCB, nothing composes or moves.
    const auto beyond = [](char byte) { return static_cast<unsigned char>(byte) >= 0xCC; };
    if (std::none_of(text.begin(), text.end(), beyond)) return text;
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
    UErrorCode status = U_ZERO_ERROR;
    nfc().normalizeUTF8(0, icu::StringPiece(text), sink, nullptr, status);
    MOBI_CHECK(U_SUCCESS(status) != 0, "NFC of {} bytes: {}", text.size(), u_errorName(status));
    return out;
}

std::string replaced(const std::string& text, std::string_view from, std::string_view to) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t found = text.find(from); found != std::string::npos;
         found = text.find(from, done)) {
        out.append(text, done, found - done).append(to);
        done = found + from.size();
    }
    return out.append(text, done);
}

}  // namespace

void TextNormalizer::append(std::string_view text, std::string& out) const {
    if (steps_.empty()) {
        out += text;
        return;
    }
    std::string changed(text);
    for (const NormalizerStep& step : steps_) {
        switch (step.kind) {
            case NormalizerStep::Kind::Prepend:
                if (!changed.empty()) changed.insert(0, step.to);
                break;
            case NormalizerStep::Kind::Replace:
                changed = replaced(changed, step.from, step.to);
                break;
            case NormalizerStep::Kind::Nfc:
                changed = composed(std::move(changed));
                break;
        }
    }
    out += changed;
}

}  // namespace mobi
