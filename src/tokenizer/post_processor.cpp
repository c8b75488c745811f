// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/post_processor.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace mobi {
namespace {

using Kind = TemplatePart::Kind;

void append_special(const JsonNode& processor,
                    const JsonNode& name,
                    std::int32_t type_id,
                    std::vector<TemplatePart>& parts) {
    const JsonNode tokens = processor.at("special_tokens");
    if (!tokens.has(name.text()))
        name.fail(fmt::format("\"{}\" is not among special_tokens", name.text()));
    for (const JsonNode& id : tokens.at(name.text()).at("ids").items())
        parts.push_back({Kind::Special, id.id(), type_id});
}

/// `A` or, where `pair`, `B`.
Kind kind_of_sequence(const JsonNode& name, bool pair) {
    if (name.text() == "A") return Kind::First;
    if (pair && name.text() == "B") return Kind::Second;
    name.fail(fmt::format("\"{}\" is not {}", name.text(), pair ? "A or B" : "A"));
}

std::vector<TemplatePart> read_template(const JsonNode& processor, const char* key, bool pair) {
    std::vector<TemplatePart> parts;
    for (const JsonNode& node : processor.at(key).items()) {
        const bool is_special = node.has("SpecialToken");
        const JsonNode element = node.at(is_special ? "SpecialToken" : "Sequence");
        const std::int32_t type_id = element.has("type_id") ? element.at("type_id").id(255) : 0;
        if (is_special)
            append_special(processor, element.at("id"), type_id, parts);
        else
            parts.push_back({kind_of_sequence(element.at("id"), pair), -1, type_id});
    }
    const auto uses = [&](Kind kind) {
        return std::count_if(parts.begin(), parts.end(),
                             [&](const TemplatePart& part) { return part.kind == kind; });
    };
    if (uses(Kind::First) != 1 || uses(Kind::Second) != (pair ? 1 : 0))
        processor.at(key).fail(pair ? "does not hold A and B once each" : "does not hold A once");
    return parts;
}

/// `["[SEP]", 102]`
std::int32_t id_of_pair(const JsonNode& node) {
    const std::vector<JsonNode> items = node.items();
    if (items.size() != 2) node.fail("is not a token and its id");
    return items[1].id();
}

bool adds_nothing(const JsonNode& node) {
    return node.kind() == "ByteLevel" || node.kind() == "null";
}

SequenceTemplate read_sequence(const JsonNode& list) {
    std::optional<SequenceTemplate> frame;
    for (const JsonNode& node : list.items()) {
        if (adds_nothing(node)) continue;
        if (frame) node.fail("is the second that adds tokens; one can be read");
        if (node.kind() == "Sequence") node.fail("is a Sequence within a Sequence");
        frame = read_post_processor(node);
    }
    return frame.value_or(SequenceTemplate());
}

}  // namespace

SequenceTemplate read_post_processor(const JsonNode& node) {
    const std::string kind = node.kind();
    if (adds_nothing(node)) return {};
    if (kind == "Sequence") return read_sequence(node.at("processors"));
    if (kind == "TemplateProcessing")
        return {read_template(node, "single", false), read_template(node, "pair", true)};
    if (kind == "BertProcessing")
        return SequenceTemplate::bert(id_of_pair(node.at("cls")), id_of_pair(node.at("sep")));
    if (kind == "RobertaProcessing")
        return SequenceTemplate::roberta(id_of_pair(node.at("cls")), id_of_pair(node.at("sep")));
    node.fail(
        fmt::format("is a {}; TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, "
                    "Sequence and null can be read",
                    kind));
}

}  // namespace mobi
