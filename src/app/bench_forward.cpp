// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/bench.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "architecture/model_folder.hpp"
#include "config/arguments.hpp"
#include "config/value.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "kernels/library_info.hpp"
#include "kernels/linear.hpp"
#include "model/backbone.hpp"
#include "model/forward_benchmark.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"lengths", true,
         "file of sequence lengths in tokens, one a line (data/lengths); default 64"},
        {"batch", true, "tokens of a batch, several with commas (512,1024,2048)"},
        {"dtype", true, "arithmetic, fp32 or bf16 (bf16)"},
        {"pivot", true, "first, last, mean, or auto: the folder's own (auto)"},
        {"layers", true, "keep only the first n blocks"},
        {"random", false, "random weights: config.json is enough"},
        {"threads", true, "of the process (1)"},
        {"seconds", true, "of each measurement (1)"},
        {"json", false, "one JSON object instead of the table"},
        {"help", false, "this text"},
    };
    return list;
}

std::vector<std::int32_t> read_lengths(const std::string& path, std::int32_t longest) {
    if (path.empty()) return {std::min(64, longest)};
    std::ifstream file(path);
    if (!file) throw DataError(path + ": cannot be read");
    return read_numbers(file, '\n', path, longest);
}

void print_table(const std::vector<ForwardSpeed>& speeds) {
    print_output("{:>8} {:>8} {:>12} {:>10} {:>12} {:>12} {:>10} {:>10}\n", "batch", "tokens",
                 "tokens/s", "GFLOP/s", "at::linear", "packed", "of linear", "of packed");
    for (const ForwardSpeed& speed : speeds)
        print_output("{:>8} {:>8.0f} {:>12.0f} {:>10.1f} {:>12.1f} {:>12.1f} {:>10.2f} {:>10.2f}\n",
                     speed.batch_tokens, speed.mean_tokens, speed.tokens_per_second,
                     speed.flop_per_second / 1e9, speed.linear_peak / 1e9, speed.packed_peak / 1e9,
                     speed.share_of_linear, speed.share_of_packed);
}

int bench_forward(const Arguments& arguments) {
    BackboneParameters parameters;
    parameters.path = parameters.name = arguments.positional[0];
    parameters.layers = option(arguments, "layers", codec::integer(1), 0);
    parameters.weight_dtype = Precision::Bf16;
    if (arguments.has("random")) parameters.weights = WeightSource::Random;
    const Precision arithmetic = arithmetic_option(arguments, Precision::Bf16);
    const int threads = option(arguments, "threads", codec::integer(1), 1);
    use_threads(threads);
    const double seconds = option(arguments, "seconds", codec::positive_number(), 1.0);
    const auto batches = read_numbers("--batch", arguments.get("batch", "512,1024,2048"), 1 << 20);
    const BackboneInfo info = inspect_backbone(parameters);
    const auto lengths = read_lengths(arguments.get("lengths", ""), info.max_tokens);
    Pivot pivot = option(arguments, "pivot",
                         codec::choice<Pivot>({{"auto", Pivot::Auto},
                                               {"first", Pivot::First},
                                               {"last", Pivot::Last},
                                               {"mean", Pivot::Mean}}),
                         Pivot::Auto);
    if (pivot == Pivot::Auto) pivot = info.trained_pivot();

    const auto backbone = load_backbone(parameters, arithmetic, std::filesystem::path());
    std::vector<ForwardSpeed> speeds;
    for (const std::int32_t batch : batches)
        speeds.push_back(measure_forward(*backbone, arithmetic, lengths, batch, pivot, seconds));
    if (arguments.has("json")) {
        print_output("{}\n", forward_report_json(parameters.path, info, threads, speeds));
        return 0;
    }
    print_output(
        "{}: {}, {} blocks x {}, {} parameters, {} arithmetic, {} thread{}, products by {}\n",
        parameters.path, info.family, info.size.layers, info.size.width,
        human(static_cast<double>(info.size.parameters), ""),
        arithmetic == Precision::Bf16 ? "bf16" : "fp32", threads, threads == 1 ? "" : "s",
        products_by());
    print_table(speeds);
    return 0;
}

}  // namespace

int bench_forward_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: fedmobillm bench forward FOLDER [--lengths FILE] [--batch n,...] [--random]\n\n"
            "Forward passes of packed batches, beside at::linear and our packed products at the "
            "same\nshapes; ratios are medians of three alternations.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    if (arguments.positional.size() != 1)
        throw ConfigError("bench forward takes a backbone's folder");
    return bench_forward(arguments);
}

}  // namespace mobi
