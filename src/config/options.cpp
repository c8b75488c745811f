// SPDX-License-Identifier: Apache-2.0
#include "config/options.hpp"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "config/value.hpp"
#include "method/registry/registry.hpp"

namespace mobi {
namespace {

using codec::choice;
using enum Cheaper;

constexpr std::string_view kBandHint = "; a band may follow: <figure> in <least> .. <most>";

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Adds the keys of one section.  Its fields are those of the part of an Owner that Access returns.
template <typename Owner, typename Access>
class Section {
  public:
    Section(std::vector<Key<Owner>>& keys, std::string prefix, Access access)
        : keys_(keys), prefix_(std::move(prefix)), access_(access) {}

    template <typename Parameters, typename T>
    Key<Owner>& operator()(std::string_view name,
                           T Parameters::*field,
                           const Codec<T>& codec,
                           std::string_view description,
                           std::string_view source) {
        auto read = [access = access_, field, read = codec.read](Owner& owner,
                                                                 std::string_view text) {
            auto value = read(text);
            if (!value) return false;
            access(owner).*field = *std::move(value);
            return true;
        };
        auto write = [access = access_, field, write = codec.write](const Owner& owner) {
            return write(access(owner).*field);
        };
        keys_.push_back({prefix_ + std::string(name), codec.accepted, std::string(description),
                         std::string(source), false, read, write, nullptr, Cheaper::WithLess,
                         nullptr, nullptr});
        return keys_.back();
    }

    /// A figure that times or energies follow from, in the `bands` of whose owner its band is.
    template <typename Parameters>
    Key<Owner>& figure(std::string_view name,
                       double Parameters::*field,
                       const Codec<double>& codec,
                       Cheaper cheaper,
                       std::string_view description,
                       std::string_view source) {
        Key<Owner>& key = scalable(name, field, codec, cheaper, description, source);
        key.accepted += kBandHint;
        key.read = [access = access_, field, codec, name = std::string(name)](
                       Owner& owner, std::string_view text) {
            const auto read = read_banded(text, codec);
            if (!read) return false;
            Parameters& parameters = access(owner);
            parameters.*field = read->value;
            if (read->band)
                parameters.bands.set(name, *read->band);
            else
                parameters.bands.erase(name);
            return true;
        };
        key.write = [access = access_, field, codec, name = std::string(name)](const Owner& owner) {
            const Parameters& parameters = access(owner);
            const double value = parameters.*field;
            return write_banded(value, parameters.bands.find(name, value), codec);
        };
        key.bands = [access = access_](Owner& owner) -> FigureBands& {
            return access(owner).bands;
        };
        return key;
    }

    /// A figure that times follow from and that is chosen, not measured: it has no band.
    template <typename Parameters>
    Key<Owner>& scalable(std::string_view name,
                         double Parameters::*field,
                         const Codec<double>& codec,
                         Cheaper cheaper,
                         std::string_view description,
                         std::string_view source) {
        Key<Owner>& key = (*this)(name, field, codec, description, source);
        key.cheaper = cheaper;
        key.figure = [access = access_, field](Owner& owner) -> double& {
            return access(owner).*field;
        };
        key.figure_text = codec.write;
        return key;
    }

  private:
    std::vector<Key<Owner>>& keys_;
    std::string prefix_;
    Access access_;
};

template <typename Parameters>
auto section(std::vector<Key<RunConfig>>& keys,
             std::string_view name,
             Parameters RunConfig::*member) {
    return Section(
        keys, fmt::format("{}.", name), [member](auto& config) -> auto& { return config.*member; });
}

template <typename Owner>
auto whole(std::vector<Key<Owner>>& keys, std::string_view prefix) {
    return Section(
        keys, std::string(prefix), [](auto& owner) -> auto& { return owner; });
}

Codec<Precision> any_precision() {
    return choice<Precision>({{"fp32", Precision::Fp32},
                              {"fp16", Precision::Fp16},
                              {"bf16", Precision::Bf16},
                              {"int8", Precision::Int8},
                              {"int4", Precision::Int4}});
}

Codec<DataSplit> any_split() {
    const auto rule = choice<SplitRule>({{"none", SplitRule::None},
                                         {"fedpetuning", SplitRule::FedPetuning},
                                         {"lst", SplitRule::Lst}});
    const auto share = codec::number_or("none", 1);
    auto read = [rule, share](std::string_view text) -> std::optional<DataSplit> {
        if (const auto word = rule.read(text)) return DataSplit{*word, 0};
        const auto value = share.read(text);
        if (!value || *value >= 1) return std::nullopt;
        return DataSplit{SplitRule::Share, *value};
    };
    auto write = [rule, share](const DataSplit& split) {
        return split.rule == SplitRule::Share ? share.write(split.share) : rule.write(split.rule);
    };
    return {"none, fedpetuning, lst, or a share of train above 0, below 1", read, write};
}

/// A name of the registry.
Codec<std::string> method_name() {
    std::vector<std::pair<std::string, std::string>> words;
    for (const MethodEntry& entry : methods()) words.emplace_back(entry.name, entry.name);
    return choice<std::string>(std::move(words));
}

std::string method_summaries() {
    std::string text;
    for (const MethodEntry& entry : methods())
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", entry.name, entry.summary);
    return text;
}

// Sources of the defaults: "paper" is arXiv 2508.06765, "ours" a choice where the paper is silent,
// "testbed" something that only an emulation has.

// clang-format off
void add_run_and_data(std::vector<Key<RunConfig>>& keys) {
    auto run = section(keys, "run", &RunConfig::run);
    run("seed", &RunParameters::seed, codec::seed(), "seed of every random draw: partition, heads, side network, replay", "testbed");
    run("clock", &RunParameters::clock, choice<RunClock>({{"virtual", RunClock::Virtual}, {"wall", RunClock::Wall}}), "virtual: times are computed, never measured; wall: ranks keep the devices' times by waiting, and the server takes what arrives", "testbed");
    run("time_scale", &RunParameters::time_scale, codec::positive_number(), "wall clock: virtual seconds per real second", "testbed");
    run("prefetch", &RunParameters::prefetch, codec::boolean(), "wall clock: forward passes are done before the pace begins; else when their device computes them", "testbed");
    run("compute", &RunParameters::compute, choice<RunCompute>({{"all", RunCompute::All}, {"packets", RunCompute::Packets}, {"none", RunCompute::None}}), "packets: full ones of zeros, without forward passes and training: what the testbed itself costs; none: the timeline alone", "testbed");
    run("figures", &RunParameters::figures, choice<Figures>({{"nominal", Figures::Nominal}, {"low", Figures::Low}, {"high", Figures::High}}), "of figures with a band, <figure> in <least> .. <most>: the figure; or of every band the end with which a run costs less (low: faster rates, shorter times, lower powers), or more (high). Low and high are envelopes: all figures at their ends at once", "testbed, docs/devices.md 1");
    run("output", &RunParameters::output, codec::path(), "the run file; not part of the resolved configuration", "testbed").host_only = true;
    run("threads", &RunParameters::threads, codec::integer_or("auto", 1), "compute threads of a process; not part of the resolved configuration", "testbed").host_only = true;
    run("patience", &RunParameters::patience_s, codec::quantity(Quantity::Time), "real time for which a rank may be silent before the run gives up (it computes as long as it likes); 0 s: for ever; not part of the resolved configuration", "testbed, docs/design.md 3.1").host_only = true;

    auto method = section(keys, "method", &RunConfig::method);
    method("name", &MethodParameters::name, method_name(), method_summaries(), "paper");

    auto data = section(keys, "data", &RunConfig::data);
    data("task", &DataParameters::task, choice<TaskForm>({{"table", TaskForm::Table}, {"mrpc", TaskForm::Mrpc}, {"sst2", TaskForm::Sst2}, {"rte", TaskForm::Rte}, {"cola", TaskForm::Cola}, {"ag_news", TaskForm::AgNews}}), "form of the files: a table with named columns, or as published", "ours, docs/method.md 5.1");
    data("train", &DataParameters::train, codec::text(), "training text: a table, or the folder of a published task", "required");
    data("test", &DataParameters::test, codec::text(), "test text; empty where train is a folder that holds it", "required for a table");
    data("text", &DataParameters::text, codec::text(), "column of the sentence in a table", "testbed");
    data("pair", &DataParameters::pair, codec::text(), "column of a second sentence; empty: none", "testbed");
    data("label", &DataParameters::label, codec::text(), "column of the label", "testbed");
    data("separator", &DataParameters::separator, choice<TableSeparator>({{"auto", TableSeparator::Auto}, {"tab", TableSeparator::Tab}, {"comma", TableSeparator::Comma}, {"semicolon", TableSeparator::Semicolon}}), "between the fields of a table; auto: comma where its name ends in .csv, else tab", "testbed");
    data("quoting", &DataParameters::quoting, choice<TableQuoting>({{"auto", TableQuoting::Auto}, {"none", TableQuoting::None}, {"csv", TableQuoting::Csv}}), "csv: a field in quotation marks may hold separators, line ends and doubled quotation marks; none: a quotation mark is a letter; auto: none between tabs, else csv", "testbed");
    data("classes", &DataParameters::classes, codec::text(), "file with a class name a line; empty: the names in train, sorted; 1: regression", "testbed");
    data("train_samples", &DataParameters::train_samples, codec::integer_or("all", 1), "use the first n training samples only", "testbed");
    data("test_samples", &DataParameters::test_samples, codec::integer_or("all", 1), "use the first n test samples only", "testbed");
    data("split", &DataParameters::split, any_split(), "validation set, on which curves, targets and eval.patience are; the test set is then scored once, at the end. fedpetuning: 10 % of train for MRPC, RTE, CoLA, 1 % for SST-2; lst: half of test below 10,000 training samples, else 1,000 of train; a share: of train", "paper: not known; arXiv 2212.10025, 2206.06522, docs/method.md 5.1");
    data("split_seed", &DataParameters::split_seed, codec::seed(), "seed of that draw, so that all values of run.seed have one validation and one test set", "arXiv 2212.10025: 42");
    data("max_tokens", &DataParameters::max_tokens, codec::integer(3), "tokens of a sample, special ones included; longer texts are cut", "ours, docs/method.md 1.10; paper-like 512");
    data("partition", &DataParameters::partition, choice<PartitionKind>({{"dirichlet", PartitionKind::Dirichlet}, {"uniform", PartitionKind::Uniform}, {"one_class", PartitionKind::OneClass}}), "how the training samples are dealt to the devices", "docs/method.md 5.1");
    data("alpha", &DataParameters::alpha, codec::positive_number(), "Dirichlet concentration; small: few classes a device", "docs/method.md 5.1; FedPETuning 0.1, 1, 10");
    data("remainder", &DataParameters::remainder, choice<Remainder>({{"spread", Remainder::Spread}, {"last", Remainder::Last}}), "what does not divide by the devices: spread evenly, sizes differ by one; or all for the last device, FedPETuning's rule; one_class spreads it within a class", "ours, docs/method.md 5.1");
    data("device_order", &DataParameters::device_order, choice<DeviceOrder>({{"drawn", DeviceOrder::Drawn}, {"given", DeviceOrder::Given}}), "one_class: which devices have which class; given: the first class the first devices and so on, so that a kind of device has classes of its own", "testbed");
    data("concentration", &DataParameters::concentration, choice<Concentration>({{"total", Concentration::Total}, {"per_class", Concentration::PerClass}}), "whether alpha is the sum over classes or that of each class", "ours, docs/method.md 5.1");
}

void add_fleet_and_device(std::vector<Key<RunConfig>>& keys) {
    auto fleet = section(keys, "fleet", &RunConfig::fleet);
    fleet("mix", &FleetParameters::mix, codec::counts(), "devices by class, in this order; a class is a [device.<name>]", "required; docs/method.md 5.2");
    fleet("devices", &FleetParameters::devices, codec::integer_or("counted", 1, kMostDevices), "so many, of which the numbers of the mix are shares; counted: they are counts", "testbed");
    fleet("backbones", &FleetParameters::backbones, codec::assignment(), "backbone of each device class", "required; docs/method.md 5.2");
    fleet("fit", &FleetParameters::fit, codec::names(), "backbones for the classes that fleet.backbones does not name: each device takes the largest that fits its memory", "docs/method.md 5.2");
    fleet("links", &FleetParameters::links, codec::choices(), "link of each device class; of several, each device draws one", "required; docs/method.md 4.4");

    fleet("devices_file", &FleetParameters::devices_file, codec::text(), "CSV whose line i has the figures of device i in the order of the mix, columns named after the keys of devices and links, e.g. time_per_sample [ms],uplink [kB/s]; columns link and backbone choose among those of fleet.links, fleet.backbones and fleet.fit", "docs/devices.md 5.1");
    fleet("availability", &FleetParameters::availability, codec::assignment(), "when the devices of a class are on, an [availability.<name>]; a class that is not named is always on", "ours, docs/devices.md 5.3");

    whole(keys, "device.")("epochs", &RunConfig::device_epochs, codec::integer(1), "passes over the shard; each uploads again; over 100 where there are no more than a million packets", "paper: 1");
    whole(keys, "backbone.")("cache", &RunConfig::backbone_cache, codec::text(), "folder of prepared weights, shared by the processes of a node", "testbed");

    auto cost = section(keys, "cost", &RunConfig::cost);
    cost("padding", &CostParameters::padding, choice<Padding>({{"batch", Padding::Batch}, {"max", Padding::Max}, {"none", Padding::None}}), "length charged for a sample: longest of its packet, max_tokens (the paper's way), its own", "ours, docs/method.md 4.1");
}

void add_plan_and_packet(std::vector<Key<RunConfig>>& keys) {
    auto plan = section(keys, "plan", &RunConfig::plan);
    plan("rule", &PlanParameters::rule, choice<PlanRule>({{"average_interval", PlanRule::AverageInterval}, {"first", PlanRule::First}, {"last", PlanRule::Last}, {"random", PlanRule::Random}}), "which layers of a backbone are tapped", "paper");
    plan("layers", &PlanParameters::layers, codec::integer_or("B", 1), "how many; B: as many as the shallowest backbone has", "paper");
    plan("embedding", &PlanParameters::embedding, codec::boolean(), "tap the embedding (layer 0) too", "ours, docs/method.md 1.2");

    auto packet = section(keys, "packet", &RunConfig::packet);
    packet("dtype", &PacketParameters::dtype, any_precision(), "precision of taps on the wire; int8 and int4 with one scale a vector", "ours, docs/method.md 1.3");
    packet("pivot", &PacketParameters::pivot, choice<Pivot>({{"auto", Pivot::Auto}, {"first", Pivot::First}, {"last", Pivot::Last}, {"mean", Pivot::Mean}}), "which vector of a layer is tapped; auto: what the backbone was trained with", "ours, docs/method.md 1.2");
    packet("samples", &PacketParameters::samples, codec::integer(1), "samples of one upload, one batch of the device", "ours, docs/method.md 1.3");
    packet("labels", &PacketParameters::labels, codec::boolean(), "send the labels too, and charge them", "paper: never");
    packet("charge_header", &PacketParameters::charge_header, codec::boolean(), "charge the packet's header on the link", "ours, docs/method.md 4.1");

    auto forward = section(keys, "forward", &RunConfig::forward);
    forward("dtype", &ForwardParameters::dtype, choice<Precision>({{"fp32", Precision::Fp32}, {"bf16", Precision::Bf16}}), "arithmetic of the host's forward passes", "testbed");
    forward("group_devices", &ForwardParameters::group_devices, codec::integer(1), "consecutive devices of one backbone that are batched and hosted together", "testbed");
    forward("batch_tokens", &ForwardParameters::batch_tokens, codec::integer(1), "tokens of one batch of the host", "testbed");
    forward("window", &ForwardParameters::window_bytes, codec::positive_quantity(Quantity::Size), "most bytes of computed results that wait for their arrival", "testbed");

    auto residual = section(keys, "residual", &RunConfig::residual);
    residual("output", &ResidualParameters::output, choice<ResidualOutput>({{"softmax", ResidualOutput::Softmax}, {"logits", ResidualOutput::Logits}, {"zero", ResidualOutput::Zero}}), "what the label is subtracted from; zero: the residual is the label", "ours, docs/method.md 1.3");
    residual("head", &ResidualParameters::head, choice<ResidualHeadKind>({{"frozen_random", ResidualHeadKind::FrozenRandom}, {"lm_verbalizer", ResidualHeadKind::LmVerbalizer}, {"folder", ResidualHeadKind::Folder}, {"none", ResidualHeadKind::None}}), "the backbone's frozen head: random, its language model's logits of a word a class, or its own classifier", "ours, docs/method.md 1.3");
    residual("verbalizer", &ResidualParameters::verbalizer, codec::text(), "the classes' words, cut at commas; empty: the classes' names", "ours, docs/method.md 1.3");
}

void add_side_and_training(std::vector<Key<RunConfig>>& keys) {
    auto side = section(keys, "side", &RunConfig::side);
    side("width", &SideParameters::width, codec::integer_or("auto", 1), "m; auto: median of the backbones' widths", "paper");
    side("bottleneck", &SideParameters::bottleneck, codec::integer(1), "r of the adapters", "ours, docs/method.md 1.4");
    side("activation", &SideParameters::activation, choice<SideActivation>({{"relu", SideActivation::Relu}, {"gelu", SideActivation::Gelu}}), "between the adapter's two maps", "ours, docs/method.md 1.4");
    side("gate", &SideParameters::gate, choice<SideGate>({{"learned", SideGate::Learned}, {"fixed", SideGate::Fixed}, {"none", SideGate::None}}), "mix of side state and tap; fixed: one half each; none: their sum", "ours, docs/method.md 1.4");
    side("gate_temperature", &SideParameters::gate_temperature, codec::positive_number(), "T of the learned gate", "ours, docs/method.md 1.4, LST");
    side("ln_affine", &SideParameters::ln_affine, codec::boolean(), "layer norms with weight and bias", "ours, docs/method.md 1.4");
    side("zero_init", &SideParameters::zero_init, codec::boolean(), "start as the zero function", "ours, docs/method.md 1.4");

    auto align = section(keys, "align", &RunConfig::align);
    align("projection", &AlignParameters::projection, choice<ProjectionScope>({{"type_layer", ProjectionScope::TypeLayer}, {"type", ProjectionScope::Type}, {"device_layer", ProjectionScope::DeviceLayer}}), "one projection a backbone type and layer, a type, or a device and layer", "ours, docs/method.md 1.4");
    align("identity", &AlignParameters::identity, codec::boolean(), "no projection where one backbone type has the side width", "ours, docs/method.md 1.4");
    align("start", &AlignParameters::start, choice<ProjectionStart>({{"uniform", ProjectionStart::Uniform}, {"identity", ProjectionStart::Identity}}), "identity: a projection from the side width to itself starts as 3 times the identity, others uniform", "ours, arXiv 1504.00941");

    auto loss = section(keys, "loss", &RunConfig::loss);
    loss("kind", &LossParameters::kind, choice<LossKind>({{"mse_residual", LossKind::MseResidual}, {"huber_residual", LossKind::HuberResidual}, {"ce_residual", LossKind::CeResidual}, {"ce_with_label", LossKind::CeWithLabel}}), "ce_residual: cross-entropy, the server reads the label off the residual; ce_with_label needs packet.labels = true", "ours, docs/method.md 1.5");
    loss("logit_adjustment", &LossParameters::logit_adjustment, choice<LogitAdjustment>({{"none", LogitAdjustment::None}, {"type", LogitAdjustment::Type}}), "type: the cross-entropies take out each backbone type's own class frequencies; other losses ignore it", "ours, arXiv 2007.07314, 2007.10740");

    auto optimizer = section(keys, "optimizer", &RunConfig::optimizer);
    optimizer("lr", &OptimizerParameters::lr, codec::positive_number(), "highest learning rate", "ours, docs/method.md 1.6");
    optimizer("schedule", &OptimizerParameters::schedule, choice<Schedule>({{"linear", Schedule::Linear}, {"constant", Schedule::Constant}}), "after the warm-up; linear: down to zero", "ours, docs/method.md 1.6");
    optimizer("warmup", &OptimizerParameters::warmup, codec::number(0, 1), "share of the updates with a rising learning rate", "ours, docs/method.md 1.6");
    optimizer("clip", &OptimizerParameters::clip, codec::number(0, kInfinity), "largest joint norm of the gradient; 0: off", "ours, docs/method.md 1.6");
    optimizer("weight_decay", &OptimizerParameters::weight_decay, codec::number(0, kInfinity), "weight decay of AdamW, on all tensors", "ours, docs/method.md 1.6");

    auto train = section(keys, "train", &RunConfig::optimizer);
    train("on_nan", &OptimizerParameters::on_nan, choice<OnNan>({{"stop", OnNan::Stop}, {"skip", OnNan::Skip}}), "an update whose loss or gradient is not finite; stop: ends the run with code 6; skip: changes nothing and is counted", "testbed");
}

void add_rounds(std::vector<Key<RunConfig>>& keys) {
    auto rounds = section(keys, "rounds", &RunConfig::rounds);
    rounds("protocol", &RoundParameters::protocol, choice<RoundProtocol>({{"sync", RoundProtocol::Sync}, {"buffered", RoundProtocol::Buffered}}), "methods of rounds: sync: the server waits for the devices of a round; buffered: devices are at work all the time, and a full buffer is aggregated", "arXiv 1902.01046; arXiv 2106.06639");
    rounds("count", &RoundParameters::count, codec::integer(1), "rounds, or aggregations of a buffer", "testbed");
    rounds("wanted", &RoundParameters::wanted, codec::integer(1), "arrivals that close a round, or fill the buffer", "testbed");
    rounds("selected", &RoundParameters::selected, codec::integer(1), "sync: devices that are asked in a round; more than wanted: over-selection", "testbed");
    rounds("deadline", &RoundParameters::deadline_s, codec::quantity_or("none", Quantity::Time), "sync: virtual time after which a round waits for nobody", "testbed");
    rounds("concurrency", &RoundParameters::concurrency, codec::integer(1), "buffered: devices that are at work at one time", "testbed");
    rounds("dispatch", &RoundParameters::dispatch, choice<Dispatch>({{"after_step", Dispatch::AfterStep}, {"at_once", Dispatch::AtOnce}}), "buffered: when the device goes out that replaces the one that filled the buffer: after the aggregation, with its weights, or before it", "testbed");
}

void add_server_and_record(std::vector<Key<RunConfig>>& keys) {
    auto server = section(keys, "server", &RunConfig::server);
    server("mode", &ServerParameters::mode, choice<ServerMode>({{"arrival_replay", ServerMode::ArrivalReplay}, {"arrival_only", ServerMode::ArrivalOnly}, {"replay_after_all", ServerMode::ReplayAfterAll}, {"per_device", ServerMode::PerDevice}}), "what is trained when; per_device: one network a device, the paper's Single", "ours, docs/method.md 1.6");
    server("updates_per_arrival", &ServerParameters::updates_per_arrival, codec::integer(0), "updates on each packet that arrives; over 100 likewise", "paper: 1");
    server("batch", &ServerParameters::batch, codec::integer(1), "samples of a replay update", "ours, docs/method.md 1.6");
    server("sampler", &ServerParameters::sampler, choice<Sampler>({{"auto", Sampler::Auto}, {"uniform", Sampler::Uniform}, {"permutation", Sampler::Permutation}}), "draws of replay; auto: uniform until all have arrived, then permutations", "ours, docs/method.md 1.6");
    server("epochs", &ServerParameters::epochs, codec::integer(0), "passes of replay over all samples; over 100 where there are no more than ten million updates", "ours, docs/method.md 1.6");
    server("balance", &ServerParameters::balance, choice<Balance>({{"none", Balance::None}, {"backbone", Balance::Backbone}, {"device", Balance::Device}, {"passes", Balance::Passes}}), "give backbones, or devices, equal shares of uniform replay; passes: samples with the fewest passes first, so that all end with as many within one", "ours, docs/method.md 1.6");
    server("mixup", &ServerParameters::mixup, codec::number(0, kInfinity), "a: mix each sample of a batch with another one of its type, shares drawn from Beta(a, a); 0: off", "ours, arXiv 1710.09412, 1806.05236");
    server.figure("rate", &ServerParameters::rate_flop_per_s, codec::positive_quantity(Quantity::FlopRate), WithMore, "effective rate of the server for the side network", "ours, docs/method.md 4.3");
    server.figure("io_rate", &ServerParameters::io_rate_bytes_per_s, codec::positive_quantity(Quantity::Rate), WithMore, "rate of reading taps from the inbox", "ours, docs/method.md 4.3");
    server.figure("access_rate", &ServerParameters::access_bytes_per_s, codec::quantity_or("unlimited", Quantity::Rate), WithMore, "the server's own link, which all uploads share, and all downloads", "testbed");
    server("deadline", &ServerParameters::deadline_s, codec::quantity_or("none", Quantity::Time), "virtual time after which no packet is waited for", "testbed");
    server("enough", &ServerParameters::enough_share, codec::number(0.001, 1), "share of the planned packets after which no other is waited for", "testbed");
    server.figure("step_overhead", &ServerParameters::step_overhead_s, codec::figure(Quantity::Time, true, "launches"), WithLess, "fixed time of an update; launches: its kernel launches, counted by formula, times server.launch", "ours, docs/method.md 4.3");
    server.figure("launch", &ServerParameters::launch_s, codec::quantity(Quantity::Time), WithLess, "time of one kernel launch", "estimate for an A100, docs/method.md 4.3");

    auto eval = section(keys, "eval", &RunConfig::eval);
    eval("every", &EvalParameters::every, codec::integer(1), "updates between evaluations", "ours, docs/method.md 5.2");
    eval("weights", &EvalParameters::weights, choice<EvalWeights>({{"devices", EvalWeights::Devices}, {"equal", EvalWeights::Equal}}), "weights of the backbones in the overall metric", "ours, docs/method.md 5.2");
    eval("target", &EvalParameters::target, codec::number_or("none", 100), "metric in percent whose first time is reported", "ours, docs/method.md 5.2");
    eval("consecutive", &EvalParameters::consecutive, codec::integer(1), "evaluations in a row that have to reach the target", "ours, docs/method.md 5.2");
    eval("patience", &EvalParameters::patience, codec::integer_or("none", 1), "so many evaluations on the validation set in a row, after the last arrival, that are no better than the best of these end training", "ours, docs/method.md 5.2");

    auto record = section(keys, "record", &RunConfig::record);
    record("activations", &RecordParameters::activations, choice<RecordActivations>({{"all", RecordActivations::All}, {"none", RecordActivations::None}}), "what uploads leave in the run file; replay needs all", "testbed");
    record("swmr", &RecordParameters::swmr, codec::boolean(), "the file can be read while it is written; false for NFS and Lustre", "testbed");
    record("flush", &RecordParameters::flush_s, codec::positive_quantity(Quantity::Time), "real time between flushes", "testbed");
    record("checkpoint", &RecordParameters::checkpoint_s, codec::quantity(Quantity::Time), "real time between checkpoints, from which `run --resume` goes on; 0 s: only when the run is interrupted", "testbed");
}

std::vector<Key<DeviceProfile>> make_device_keys() {
    std::vector<Key<DeviceProfile>> keys;
    auto device = whole(keys, "");
    const auto rate = codec::figure(Quantity::FlopRate, false);
    const auto power = codec::figure(Quantity::Power, true);
    device.figure("rate_fp32", &DeviceProfile::rate_fp32_flop_per_s, rate, WithMore, "effective rate of a forward pass with fp32 weights", "docs/devices.md 1");
    device.figure("rate_fp16", &DeviceProfile::rate_fp16_flop_per_s, rate, WithMore, "same for fp16; unknown: rate_fp32 is taken", "docs/devices.md 1");
    device.figure("rate_bf16", &DeviceProfile::rate_bf16_flop_per_s, rate, WithMore, "same for bf16; unknown: rate_fp16 is taken", "docs/devices.md 1");
    device.figure("rate_int8", &DeviceProfile::rate_int8_flop_per_s, rate, WithMore, "same for int8; unknown: rate_fp16 is taken", "docs/devices.md 1");
    device.figure("rate_int4", &DeviceProfile::rate_int4_flop_per_s, rate, WithMore, "same for int4; unknown: rate_int8 is taken", "docs/devices.md 1");
    device("memory", &DeviceProfile::memory_bytes, codec::figure(Quantity::Size, false), "what an application can have; a backbone that needs more is refused", "docs/devices.md 1");
    device.figure("memory_bandwidth", &DeviceProfile::memory_bandwidth_bytes_per_s, codec::figure(Quantity::Rate, false), WithMore, "bounds the time of a packet from below", "docs/devices.md 1");
    device.figure("time_per_sample", &DeviceProfile::time_per_sample_s, codec::figure(Quantity::Time, true), WithLess, "of a forward pass, as other simulators describe devices; where known it takes the place of rates and bandwidth", "docs/devices.md 5.1");
    device("profile", &DeviceProfile::profile_file, codec::text(), "measured points, to which a law over batch and length is fitted: a CSV with a line a pass, in place of the rates of the precisions that were measured; in an entry of the catalogue, relative to its folder", "docs/devices.md 1.1");
    device.figure("speed", &DeviceProfile::speed, codec::number(0.001, 1000), WithMore, "factor on the speed of that law; a band says what the points leave open", "docs/devices.md 1.1");
    device("spread", &DeviceProfile::spread, codec::number(0, 10), "sigma of a log-normal factor of median 1 on each device's rates and bandwidth; 1.43 has the p90/p10 of the AI Benchmark's phones", "docs/devices.md 1");
    device("compute_spread", &DeviceProfile::compute_spread, codec::number(0, 10), "sigma of a log-normal factor of median 1 on every packet's time of computing", "docs/devices.md 5.2");
    device("compute_deviation", &DeviceProfile::compute_deviation, codec::number(0, 10), "standard deviation of a normal factor of mean 1 on every packet's time of computing, drawn again until above 0", "docs/devices.md 5.2");
    device.figure("t0", &DeviceProfile::t0_s, codec::quantity(Quantity::Time), WithLess, "start-up time of a packet's computation", "ours, docs/method.md 4.3");
    device("thermal_budget", &DeviceProfile::thermal_budget_s, codec::quantity_or("none", Quantity::Time), "continuous work at the full rate before the device throttles; a second of rest gives one back", "docs/devices.md 3, estimate");
    device("thermal_floor", &DeviceProfile::thermal_floor, codec::number(0.01, 1), "share of the full rate that a hot device keeps", "docs/devices.md 3, estimate");
    device("thermal_decay", &DeviceProfile::thermal_decay_s, codec::positive_quantity(Quantity::Time), "time constant of the fall to it", "docs/devices.md 3, estimate");
    device("thermal_stretch", &DeviceProfile::thermal_stretch, codec::number(1, kInfinity), "factor on the time of computing", "ours, docs/method.md 4.3");
    device.figure("power_compute", &DeviceProfile::compute_w, power, WithLess, "power while computing; unknown: energy is not a number", "docs/devices.md 1");
    device.figure("power_idle", &DeviceProfile::idle_w, power, WithLess, "power while waiting; unknown: energy is not a number", "docs/devices.md 1");
    device("battery", &DeviceProfile::battery_j, codec::quantity_or("mains", Quantity::Energy), "capacity, drained by computing and sending; an empty device leaves for good", "docs/method.md 4.3");
    device("battery_start", &DeviceProfile::battery_start, codec::number(0, 1), "charge at the start, as a share", "testbed");
    device("battery_low", &DeviceProfile::battery_low, codec::number(0, 1), "below this share the device rests before every packet", "MobileFineTuner, docs/method.md 4.3");
    device.scalable("battery_rest", &DeviceProfile::battery_rest_s, codec::quantity(Quantity::Time), WithLess, "for so long; MobileFineTuner sleeps 0.5 to 2 s a step", "MobileFineTuner, docs/method.md 4.3");
    device("load", &DeviceProfile::load_file, codec::text(), "background load: file of seconds and the share of the rate, 0 to 1, that other programs leave; it repeats", "testbed");
    device("load_start", &DeviceProfile::load_start, choice<TraceStart>({{"begin", TraceStart::Begin}, {"random", TraceStart::Random}}), "where in it a device begins; random: its own draw", "testbed");
    return keys;
}

std::vector<Key<LinkProfile>> make_link_keys() {
    std::vector<Key<LinkProfile>> keys;
    auto link = whole(keys, "");
    const auto rate = codec::figure(Quantity::Rate, false);
    const auto power = codec::figure(Quantity::Power, true);
    link.figure("uplink", &LinkProfile::uplink_bytes_per_s, rate, WithMore, "rate from device to server", "docs/devices.md 4");
    link.figure("downlink", &LinkProfile::downlink_bytes_per_s, rate, WithMore, "rate from server to device", "docs/devices.md 4");
    link("uplink_deviation", &LinkProfile::uplink_deviation_bytes_per_s, codec::quantity_or("none", Quantity::Rate), "standard deviation of an upload's rate: normal around uplink, drawn again until above 0", "docs/devices.md 5.2, FLASH");
    link("downlink_deviation", &LinkProfile::downlink_deviation_bytes_per_s, codec::quantity_or("none", Quantity::Rate), "the same of a download around downlink", "docs/devices.md 5.2, FLASH");
    link("duplex", &LinkProfile::duplex, choice<Duplex>({{"full", Duplex::Full}, {"half", Duplex::Half}}), "half: a device does not receive while it sends, a transfer that has begun goes on to its end", "testbed");
    link.figure("latency", &LinkProfile::latency_s, codec::quantity(Quantity::Time), WithLess, "of a transfer, one way", "ours, docs/method.md 4.4");
    link("spread", &LinkProfile::spread, codec::number(0, 10), "sigma of a log-normal factor of median 1 on each device's uplink and downlink", "docs/devices.md 4.1");
    link("jitter", &LinkProfile::jitter_s, codec::quantity(Quantity::Time), "standard deviation of a transfer's latency; packets of a device keep their order", "docs/devices.md 4.1");
    link("loss", &LinkProfile::loss, codec::number(0, 0.99), "share of the segments of 1,500 bytes that are lost, sent again and charged again", "docs/devices.md 4.1");
    link.figure("wake_up", &LinkProfile::wake_up_s, codec::quantity(Quantity::Time), WithLess, "delay of a transfer that finds the radio idle", "docs/devices.md 4.3");
    link("wake_after", &LinkProfile::wake_after_s, codec::quantity(Quantity::Time), "time after the last byte when the radio falls idle", "docs/devices.md 4.3");
    link("cell_devices", &LinkProfile::cell_devices, codec::integer_or("none", 1), "so many consecutive devices of this link share a cell", "testbed");
    link.figure("cell_uplink", &LinkProfile::cell_uplink_bytes_per_s, rate, WithMore, "what a cell carries to the server, shared max-min fairly", "testbed");
    link.figure("cell_downlink", &LinkProfile::cell_downlink_bytes_per_s, rate, WithMore, "and from it; unknown: downloads do not share", "testbed");
    link("atc_profile", &LinkProfile::atc_file, codec::text(), "JSON profile of Augmented Traffic Control in place of uplink, downlink, latency, jitter and loss", "docs/devices.md 4.2");
    link("trace", &LinkProfile::trace_file, codec::text(), "file of the uplink's rate over time in place of uplink: mahimahi's, or lines of seconds and Mbit/s", "docs/devices.md 4.1");
    link("downlink_trace", &LinkProfile::downlink_trace_file, codec::text(), "the same in place of downlink", "docs/devices.md 4.1");
    link("trace_end", &LinkProfile::trace_end, choice<TraceEnd>({{"wrap", TraceEnd::Wrap}, {"hold", TraceEnd::Hold}}), "after the trace: from its start again, or its last rate", "testbed");
    link("trace_start", &LinkProfile::trace_start, choice<TraceStart>({{"begin", TraceStart::Begin}, {"random", TraceStart::Random}}), "where in the trace a device begins; random: its own draw", "testbed");
    link("trace_mean", &LinkProfile::trace_mean, choice<TraceMean>({{"measured", TraceMean::Measured}, {"link", TraceMean::Link}}), "link: the trace's shape with the mean of uplink, or downlink", "docs/devices.md 4.1");
    link.figure("power_up_base", &LinkProfile::up_base_w, power, WithLess, "radio power while sending, at no throughput; unknown: energy is not a number", "docs/devices.md 4.4");
    link.figure("power_up_slope", &LinkProfile::up_j_per_byte, codec::power_slope(), WithLess, "and what each unit of throughput adds", "docs/devices.md 4.4");
    link.figure("power_down_base", &LinkProfile::down_base_w, power, WithLess, "as power_up_base, while receiving", "docs/devices.md 4.4");
    link.figure("power_down_slope", &LinkProfile::down_j_per_byte, codec::power_slope(), WithLess, "as power_up_slope, while receiving", "docs/devices.md 4.4");
    return keys;
}

std::vector<Key<AvailabilityProfile>> make_availability_keys() {
    std::vector<Key<AvailabilityProfile>> keys;
    auto availability = whole(keys, "");
    const auto time = codec::quantity(Quantity::Time);
    const auto positive_time = codec::positive_quantity(Quantity::Time);
    availability("kind", &AvailabilityProfile::kind, choice<AvailabilityKind>({{"always", AvailabilityKind::Always}, {"daily", AvailabilityKind::Daily}, {"markov", AvailabilityKind::Markov}, {"day_cycle", AvailabilityKind::DayCycle}, {"trace", AvailabilityKind::Trace}}), "how a device comes and goes; it loses what it computes or sends when it goes off", "docs/devices.md 5.3");
    availability.scalable("join", &AvailabilityProfile::join_s, time, WithLess, "a device joins at a uniformly drawn time up to this", "testbed");
    availability("from", &AvailabilityProfile::daily_from_s, time, "daily: on from this time of the day of its time zone; the run begins at midnight of the first zone", "testbed");
    availability("to", &AvailabilityProfile::daily_to_s, time, "daily: until this; not after from: of the next day", "testbed");
    availability("time_zones", &AvailabilityProfile::time_zones, codec::integer(1), "daily: a device draws one of so many, evenly over the day", "testbed");
    availability.scalable("mean_on", &AvailabilityProfile::mean_on_s, positive_time, WithMore, "markov: mean of an exponential time on", "testbed");
    availability.scalable("mean_off", &AvailabilityProfile::mean_off_s, positive_time, WithLess, "markov: and off", "testbed");
    availability("slot", &AvailabilityProfile::slot_s, positive_time, "day_cycle: on for a slot by a chance of (0.4 sin(2 pi t / day) + 0.5) x level", "docs/devices.md 5.3, FLGo's SLN");
    availability("level_spread", &AvailabilityProfile::level_sigma, codec::number(0, 10), "day_cycle: sigma of the devices' log-normal level", "docs/devices.md 5.3, FLGo's SLN");
    availability("trace", &AvailabilityProfile::trace_file, codec::text(), "trace: file of lines device,on_s,off_s", "docs/devices.md 5.3");
    availability("trace_period", &AvailabilityProfile::trace_period_s, positive_time, "trace: the spans repeat after it", "docs/devices.md 5.3, FedScale");
    return keys;
}

std::vector<Key<BackboneParameters>> make_backbone_keys() {
    std::vector<Key<BackboneParameters>> keys;
    auto backbone = whole(keys, "");
    backbone("path", &BackboneParameters::path, codec::text(), "Hugging Face folder", "required");
    backbone("layers", &BackboneParameters::layers, codec::integer_or("all", 1), "keep the first n blocks", "testbed");
    backbone("weights", &BackboneParameters::weights, choice<WeightSource>({{"folder", WeightSource::Folder}, {"random", WeightSource::Random}}), "random: from the architecture alone, for studies of cost", "testbed");
    backbone("weight_dtype", &BackboneParameters::weight_dtype, any_precision(), "precision of the weights on the device: rounded to it, memory and bandwidth charged with it", "ours, docs/method.md 1.10");
    backbone("resident_embedding", &BackboneParameters::resident_embedding, codec::boolean(), "whether the device keeps the embedding table in memory", "ours, docs/method.md 1.10");
    return keys;
}
// clang-format on

std::vector<Key<RunConfig>> make_run_keys() {
    std::vector<Key<RunConfig>> keys;
    add_run_and_data(keys);
    add_fleet_and_device(keys);
    add_plan_and_packet(keys);
    add_side_and_training(keys);
    add_server_and_record(keys);
    add_rounds(keys);
    return keys;
}

template <typename Owner>
std::vector<std::string> names_of(const std::vector<Key<Owner>>& keys) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const auto& key : keys) names.push_back(key.name);
    return names;
}

}  // namespace

std::string_view section_of(EntryKind kind) {
    switch (kind) {
        case EntryKind::Device:
            return "device";
        case EntryKind::Link:
            return "link";
        case EntryKind::Backbone:
            return "backbone";
        case EntryKind::Availability:
            return "availability";
    }
    return {};
}

std::string_view catalogue_of(EntryKind kind) {
    switch (kind) {
        case EntryKind::Device:
            return "devices";
        case EntryKind::Link:
            return "links";
        case EntryKind::Backbone:
            return "backbones";
        case EntryKind::Availability:
            return "availability";
    }
    return {};
}

const std::vector<Key<RunConfig>>& run_keys() {
    static const auto keys = make_run_keys();
    return keys;
}

const std::vector<Key<DeviceProfile>>& device_keys() {
    static const auto keys = make_device_keys();
    return keys;
}

const std::vector<Key<LinkProfile>>& link_keys() {
    static const auto keys = make_link_keys();
    return keys;
}

const std::vector<Key<BackboneParameters>>& backbone_keys() {
    static const auto keys = make_backbone_keys();
    return keys;
}

const std::vector<Key<AvailabilityProfile>>& availability_keys() {
    static const auto keys = make_availability_keys();
    return keys;
}

std::vector<std::string> entry_key_names(EntryKind kind) {
    switch (kind) {
        case EntryKind::Device:
            return names_of(device_keys());
        case EntryKind::Link:
            return names_of(link_keys());
        case EntryKind::Backbone:
            return names_of(backbone_keys());
        case EntryKind::Availability:
            return names_of(availability_keys());
    }
    return {};
}

}  // namespace mobi
