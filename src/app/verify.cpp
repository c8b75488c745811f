// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "architecture/model_folder.hpp"
#include "config/arguments.hpp"
#include "config/value.hpp"
#include "core/error.hpp"
#include "model/backbone.hpp"
#include "model/folder_heads.hpp"
#include "model/generation.hpp"
#include "model/reference_check.hpp"
#include "tokenizer/token_check.hpp"
#include "tokenizer/tokenizer_folder.hpp"

namespace mobi {
namespace {

constexpr double kTolerance = 1e-4;  // fp32, of the largest value

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"tokenizer", true, "compare token ids with the cases of this .jsonl file instead"},
        {"each", false, "FOLDER holds folders; each is compared with its own file of that name"},
        {"bare", false, "the cases' ids are without special tokens"},
        {"generate", true, "print that many tokens, decoded greedily, instead"},
        {"prompt", true, "the text that --generate goes on from"},
        {"layers", true, "keep only the first n blocks"},
        {"dtype", true, "arithmetic, fp32 or bf16 (fp32)"},
        {"weight-dtype", true, "weights rounded to fp32, fp16, bf16, int8 or int4 first (fp32)"},
        {"tolerance", true,
         "largest error allowed, as a share of the largest value (1e-4; none with rounded "
         "weights)"},
        {"help", false, "this text"},
    };
    return list;
}

int verify_tokenizer(const std::filesystem::path& folder,
                     const std::string& cases,
                     SpecialTokens special) {
    const auto tokenizer = load_tokenizer(folder);
    const TokenCheck check = check_tokens(*tokenizer, read_token_cases(cases), special);
    print_output("{} of {} equal\n", check.equal, check.cases);
    if (check.passed()) return 0;
    print_output("first that differs: {}\n", check.first_difference);
    return 1;
}

/// "equal", what differs first, or why the folder is refused.
std::string verdict_of(const std::filesystem::path& folder,
                       const std::string& cases,
                       SpecialTokens special) {
    try {
        const auto tokenizer = load_tokenizer(folder);
        const TokenCheck check =
            check_tokens(*tokenizer, read_token_cases(folder / cases), special);
        return check.passed() ? "equal" : "differs: " + check.first_difference;
    } catch (const Error& problem) {
        return std::string("refused: ") + problem.what();
    }
}

/// The folders within `parent`, by name.
std::vector<std::filesystem::path> folders_within(const std::filesystem::path& parent) {
    std::vector<std::filesystem::path> folders;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(parent, error))
        if (entry.is_directory()) folders.push_back(entry.path());
    if (folders.empty()) throw DataError(fmt::format("{}: holds no folder", parent.string()));
    std::sort(folders.begin(), folders.end());
    return folders;
}

/// A line for each folder within `parent`: its name, TAB, verdict_of().
int verify_each_tokenizer(const std::filesystem::path& parent,
                          const std::string& cases,
                          SpecialTokens special) {
    bool all_equal = true;
    for (const std::filesystem::path& folder : folders_within(parent)) {
        const std::string verdict = verdict_of(folder, cases, special);
        all_equal = all_equal && verdict == "equal";
        print_output("{}\t{}\n", folder.filename().string(), verdict);
    }
    return all_equal ? 0 : 1;
}

/// A backbone as the command line has it.
BackboneParameters parameters_of(const Arguments& arguments, const std::string& folder) {
    BackboneParameters parameters;
    parameters.name = folder;
    parameters.path = folder;
    parameters.weight_dtype = option(arguments, "weight-dtype",
                                     codec::choice<Precision>({{"fp32", Precision::Fp32},
                                                               {"fp16", Precision::Fp16},
                                                               {"bf16", Precision::Bf16},
                                                               {"int8", Precision::Int8},
                                                               {"int4", Precision::Int4}}),
                                     Precision::Fp32);
    parameters.layers = option(arguments, "layers", codec::integer(1), 0);
    return parameters;
}

/// Prints ids and text of a greedy continuation, for a look at a converted decoder.
int generate(const Arguments& arguments) {
    const BackboneParameters parameters = parameters_of(arguments, arguments.positional[0]);
    const int count = option(arguments, "generate", codec::integer(1), 1);
    const auto tokenizer = load_tokenizer(parameters.path);
    const auto prompt = tokenizer->encode(arguments.get("prompt"), std::nullopt, 0).ids;
    if (prompt.empty())
        throw ConfigError(
            "--prompt: the text is empty, and this tokenizer puts no special token before it; "
            "accepted: a text of one token or more");
    const auto positions = static_cast<std::size_t>(inspect_backbone(parameters).max_tokens);
    if (prompt.size() > positions)
        throw ConfigError(
            fmt::format("--prompt: the text has {} tokens, and the backbone positions for {}",
                        prompt.size(), positions));
    const auto backbone = load_backbone(parameters, arithmetic_option(arguments, Precision::Fp32),
                                        std::filesystem::path());
    const ModelFolder folder(parameters);
    const FolderHeads heads(folder, folder.open_weights());
    const auto added = generate_greedily(*backbone, heads, prompt, count);
    std::vector<std::int32_t> all = prompt;
    all.insert(all.end(), added.begin(), added.end());
    print_output("prompt {}\nids {}\ntext {}\n", fmt::join(prompt, " "), fmt::join(added, " "),
                 tokenizer->decode(all, SpecialTokens::Drop));
    return 0;
}

int verify_activations(const Arguments& arguments,
                       const std::string& path,
                       const std::string& reference) {
    const BackboneParameters parameters = parameters_of(arguments, path);
    const Precision arithmetic = arithmetic_option(arguments, Precision::Fp32);
    // what rounded weights cost is a figure to look at, not a mistake
    const double usual = parameters.weight_dtype == Precision::Fp32
                             ? kTolerance
                             : std::numeric_limits<double>::infinity();
    const double tolerance = option(arguments, "tolerance", codec::positive_number(), usual);
    const ModelFolder folder(parameters);
    for (const SourceNote& note : folder.check_weights())
        print_output("note: {}\n", describe(note));
    if (!folder.info().other_pooling.empty())
        print_output("note: {}, which is not computed\n", folder.info().other_pooling);
    const auto backbone = load_backbone(parameters, arithmetic, std::filesystem::path());
    double worst = 0;
    int compared = 0;
    for (const TensorError& error : check_reference(*backbone, reference, parameters.path)) {
        if (!error.compared) {
            print_output("{:<24} not compared: {}\n", error.name, error.note);
            continue;
        }
        print_output("{:<24} {:.2e}{}\n", error.name, error.relative,
                     error.relative <= tolerance ? "" : "   above the tolerance");
        worst = std::max(worst, error.relative);
        ++compared;
    }
    if (compared == 0)
        throw DataError(fmt::format("{}: nothing in it could be compared", reference));
    if (std::isinf(tolerance))
        print_output("largest error {:.2e} with {} weights\n", worst,
                     arguments.get("weight-dtype"));
    else
        print_output("largest error {:.2e}, tolerance {:.0e}: {}\n", worst, tolerance,
                     worst <= tolerance ? "ok" : "NOT EQUAL");
    return worst <= tolerance ? 0 : 1;
}

/// Of each folder within the first argument: a line "== NAME", then what verify prints of it, or
/// "refused: " and why.
int verify_each_activations(const Arguments& arguments) {
    bool all_equal = true;
    for (const std::filesystem::path& folder : folders_within(arguments.positional[0])) {
        print_output("== {}\n", folder.filename().string());
        try {
            const auto reference = (folder / arguments.positional[1]).string();
            if (verify_activations(arguments, folder.string(), reference) != 0) all_equal = false;
        } catch (const Error& problem) {
            print_output("refused: {}\n", problem.what());
            all_equal = false;
        }
    }
    return all_equal ? 0 : 1;
}

}  // namespace

int verify_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: fedmobillm verify FOLDER REFERENCE.safetensors [--each] [--layers n] [--dtype "
            "d]\n"
            "       fedmobillm verify FOLDER --tokenizer CASES.jsonl [--each] [--bare]\n"
            "       fedmobillm verify FOLDER --generate N [--prompt TEXT]\n\n"
            "Exit code 0 when everything is equal, 1 when something is not.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    const bool alone = arguments.has("tokenizer") || arguments.has("generate");
    if (arguments.positional.size() != (alone ? 1U : 2U))
        throw ConfigError(
            "verify takes a backbone's folder and a reference.safetensors, or a "
            "folder and --tokenizer CASES.jsonl or --generate N");
    if (arguments.has("generate")) return generate(arguments);
    if (!arguments.has("tokenizer"))
        return arguments.has("each") ? verify_each_activations(arguments)
                                     : verify_activations(arguments, arguments.positional[0],
                                                          arguments.positional[1]);
    const auto compare = arguments.has("each") ? verify_each_tokenizer : verify_tokenizer;
    return compare(arguments.positional[0], arguments.get("tokenizer"),
                   arguments.has("bare") ? SpecialTokens::Drop : SpecialTokens::Keep);
}

}  // namespace mobi
