// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "schema/table.hpp"

/// The columns of every table.  A new column is one line here and one member in schema.hpp.
namespace mobi::record {
namespace {

template <typename T>
constexpr ColumnType column_type() {
    if constexpr (std::is_same_v<T, std::int8_t>) return ColumnType::Int8;
    if constexpr (std::is_same_v<T, std::int32_t>) return ColumnType::Int32;
    if constexpr (std::is_same_v<T, std::int64_t>) return ColumnType::Int64;
    if constexpr (std::is_same_v<T, float>) return ColumnType::Float32;
    if constexpr (std::is_same_v<T, double>) return ColumnType::Float64;
}

template <typename Row, typename T>
Column column(std::string_view name,
              T Row::*member,
              std::string_view unit,
              std::string_view description,
              Names names = Names::None,
              std::int32_t since = kOldestSchema) {
    const Row row{};
    const auto offset =
        reinterpret_cast<const char*>(&(row.*member)) - reinterpret_cast<const char*>(&row);
    return {name, static_cast<std::size_t>(offset), column_type<T>(), names, unit, description,
            since};
}

}  // namespace

// clang-format off

const Table& StatusRow::table() {
    using R = StatusRow;
    static const Table table{"/status", "How the run stands: one row", sizeof(R), {
        column("status", &R::status, "1", "running: written at this moment, or killed", Names::Statuses),
        column("updates_done", &R::updates_done, "1", "updates of the server that are in the file for sure"),
    }};
    return table;
}

const Table& DeviceRow::table() {
    using R = DeviceRow;
    static const Table table{"/devices", "Emulated devices, in order of their number", sizeof(R), {
        column("device", &R::device, "1", "number of the device"),
        column("profile", &R::profile, "1", "device profile", Names::Profiles),
        column("link", &R::link, "1", "link profile", Names::Links),
        column("backbone", &R::backbone, "1", "row of /backbones", Names::Backbones),
        column("samples", &R::samples, "samples", "size of its shard"),
        column("packets", &R::packets, "packets", "uploads that reach the server"),
        column("missing_packets", &R::missing_packets, "packets", "that never arrive, or after the server has stopped waiting", Names::None, 5),
        column("memory_need_bytes", &R::memory_need_bytes, "bytes", "what inference with its backbone needs"),
        column("memory_bytes", &R::memory_bytes, "bytes", "what its profile has"),
        column("admitted", &R::admitted, "1", "whether it takes part, or why not", Names::Admission),
        column("uplink_bytes_per_s", &R::uplink_bytes_per_s, "bytes/s", "rate of its link to the server; over a trace, the mean"),
        column("downlink_bytes_per_s", &R::downlink_bytes_per_s, "bytes/s", "and from it"),
        column("downlink_deviation_bytes_per_s", &R::downlink_deviation_bytes_per_s, "bytes/s", "standard deviation of a download's rate"),
        column("latency_s", &R::latency_s, "s", "of its link, one way"),
        column("jitter_s", &R::jitter_s, "s", "standard deviation of a transfer's latency"),
        column("loss", &R::loss, "1", "share of the segments that its link loses"),
        column("emptied_ns", &R::emptied_ns, "ns", "it left with an empty battery; -1: never"),
        column("start_up_s", &R::start_up_s, "s", "of a pass; it takes start_up_s + thermal_stretch x max(launches x launch_s + FLOP / rate, bytes / bandwidth), or time_per_sample_s a sample for the maximum", Names::None, kYoung),
        column("launch_s", &R::launch_s, "s", "of one launch; 0: a single rate", Names::None, kYoung),
        column("launches", &R::launches, "launches", "of one pass, whatever its batch", Names::None, kYoung),
        column("rate_flop_per_s", &R::rate_flop_per_s, "FLOP/s", "that a pass approaches for much work, as drawn, for its backbone's weight_dtype; NaN: not known", Names::None, kYoung),
        column("memory_bandwidth_bytes_per_s", &R::memory_bandwidth_bytes_per_s, "bytes/s", "bounds a pass from below, as drawn; NaN: not known", Names::None, kYoung),
        column("law_error", &R::law_error, "1", "largest residual of its law over the measured points, law / measured - 1; NaN: no points", Names::None, kYoung),
        column("time_per_sample_s", &R::time_per_sample_s, "s", "as drawn, in place of rate and bandwidth; NaN: not known", Names::None, kYoung),
        column("thermal_stretch", &R::thermal_stretch, "1", "factor on the time of computing", Names::None, kYoung),
        column("thermal_budget_s", &R::thermal_budget_s, "s", "work at the full rate; 0: never too hot", Names::None, kYoung),
        column("thermal_floor", &R::thermal_floor, "1", "share of the rate that is left in the end", Names::None, kYoung),
        column("thermal_decay_s", &R::thermal_decay_s, "s", "time constant on the way there", Names::None, kYoung),
        column("compute_spread", &R::compute_spread, "1", "sigma of a packet's log-normal factor", Names::None, kYoung),
        column("compute_deviation", &R::compute_deviation, "1", "standard deviation of a packet's normal factor", Names::None, kYoung),
        column("compute_w", &R::compute_w, "W", "power while computing; NaN: not known", Names::None, kYoung),
        column("idle_w", &R::idle_w, "W", "power while waiting; NaN: not known", Names::None, kYoung),
        column("battery_j", &R::battery_j, "J", "capacity of its battery; 0: on mains", Names::None, kYoung),
        column("battery_start", &R::battery_start, "1", "charge at the start", Names::None, kYoung),
        column("battery_low", &R::battery_low, "1", "charge below which it rests before every packet", Names::None, kYoung),
        column("battery_rest_s", &R::battery_rest_s, "s", "for so long", Names::None, kYoung),
        column("load_trace", &R::load_trace, "1", "row of /traces: what other programs leave of its rate; -1: all", Names::None, kYoung),
        column("load_offset_ns", &R::load_offset_ns, "ns", "where in it the run begins", Names::None, kYoung),
        column("uplink_deviation_bytes_per_s", &R::uplink_deviation_bytes_per_s, "bytes/s", "standard deviation of an upload's rate", Names::None, kYoung),
        column("uplink_trace", &R::uplink_trace, "1", "row of /traces; -1: a rate of its own", Names::None, kYoung),
        column("downlink_trace", &R::downlink_trace, "1", "row of /traces; -1: a rate of its own", Names::None, kYoung),
        column("uplink_offset_ns", &R::uplink_offset_ns, "ns", "where in its trace the run begins", Names::None, kYoung),
        column("downlink_offset_ns", &R::downlink_offset_ns, "ns", "where in its trace the run begins", Names::None, kYoung),
        column("duplex", &R::duplex, "1", "half: it does not receive while it sends", Names::Duplexes, kYoung),
        column("wake_up_s", &R::wake_up_s, "s", "before a transfer's first byte when the radio is idle", Names::None, kYoung),
        column("wake_after_s", &R::wake_after_s, "s", "after the last byte the radio falls idle", Names::None, kYoung),
        column("cell_devices", &R::cell_devices, "devices", "consecutive devices of its link that share a cell; 0: none do", Names::None, kYoung),
        column("cell_uplink_bytes_per_s", &R::cell_uplink_bytes_per_s, "bytes/s", "what the cell carries to the server; NaN: not shared", Names::None, kYoung),
        column("cell_downlink_bytes_per_s", &R::cell_downlink_bytes_per_s, "bytes/s", "what the cell carries from the server; NaN: not shared", Names::None, kYoung),
        column("up_base_w", &R::up_base_w, "W", "radio power while sending; NaN: not known", Names::None, kYoung),
        column("up_j_per_byte", &R::up_j_per_byte, "J/byte", "and for each byte sent; NaN: not known", Names::None, kYoung),
        column("down_base_w", &R::down_base_w, "W", "radio power while receiving; NaN: not known", Names::None, kYoung),
        column("down_j_per_byte", &R::down_j_per_byte, "J/byte", "and for each byte received; NaN: not known", Names::None, kYoung),
        column("availability", &R::availability, "1", "row of /availability; -1: always on", Names::None, kYoung),
    }};
    return table;
}

const Table& BandRow::table() {
    using R = BandRow;
    static const Table table{"/bands", "What the run comes to with its own figures, then with the other ends of their bands, all at once; planned before it; virtual time", sizeof(R), {
        column("figures", &R::figures, "1", "which end of every band (run.figures); low: with which a run costs less", Names::BandEnds),
        column("end_ns", &R::end_ns, "ns", "end of the last update"),
        column("run_end_ns", &R::run_end_ns, "ns", "and of the last download"),
        column("updates", &R::updates, "1", "updates of the server"),
        column("missing_packets", &R::missing_packets, "packets", "that never arrive, or after the server has stopped waiting"),
        column("server_busy_s", &R::server_busy_s, "s", "virtual time that the updates take"),
        column("compute_energy_j", &R::compute_energy_j, "J", "of packets that arrive; NaN: not known"),
        column("send_energy_j", &R::send_energy_j, "J", "of the same; NaN: not known"),
        column("receive_energy_j", &R::receive_energy_j, "J", "of downloads; NaN: not known"),
        column("wait_energy_j", &R::wait_energy_j, "J", "of waiting until a device's last packet has arrived; NaN: not known"),
    }, 5, true};
    return table;
}

const Table& BoundRow::table() {
    using R = BoundRow;
    static const Table table{"/bounds", "What the run's duration, downloads included, depends on: kinds that matter most first; empty: not computed; virtual time", sizeof(R), {
        column("kind", &R::kind, "1", "what it is a figure of", Names::Bounds),
        column("figure", &R::figure, "1", "configuration key; * = of all entries", Names::FigureKeys),
        column("share", &R::share, "1", "relative change of the duration over that of the figure; absences: the share that they take"),
        column("halved_ns", &R::halved_ns, "ns", "end of the run with half of the figure; -1: not computed, or never"),
        column("doubled_ns", &R::doubled_ns, "ns", "and with twice as much"),
        column("without_ns", &R::without_ns, "ns", "absences: end of the run with all devices always on; else -1"),
    }, 5, true};
    return table;
}

const Table& BackboneRow::table() {
    using R = BackboneRow;
    static const Table table{"/backbones", "Backbone types; the tapped layers are the attribute layers of /activations/<backbone>", sizeof(R), {
        column("backbone", &R::backbone, "1", "number of the type"),
        column("name", &R::name, "1", "name in the configuration", Names::Backbones),
        column("family", &R::family, "1", "architecture", Names::Families),
        column("layers", &R::layers, "1", "N, transformer layers"),
        column("width", &R::width, "1", "d, hidden width"),
        column("heads", &R::heads, "1", "H, attention heads"),
        column("ffn", &R::ffn, "1", "f, width of the feed-forward layers"),
        column("vocabulary", &R::vocabulary, "tokens", "V, size of the vocabulary"),
        column("parameters", &R::parameters, "1", "all parameters, embeddings included"),
        column("taps", &R::taps, "1", "vectors that a sample uploads"),
        column("devices", &R::devices, "devices", "admitted devices that carry it"),
        column("pivot", &R::pivot, "1", "token whose vector is tapped", Names::Pivots),
        column("weight_dtype", &R::weight_dtype, "1", "precision of the weights on the device", Names::Precisions),
        column("kv_heads", &R::kv_heads, "1", "H_kv, key and value heads", Names::None, kYoung),
        column("head_dim", &R::head_dim, "1", "d_h, width of a head", Names::None, kYoung),
        column("gated_mlp", &R::gated_mlp, "1", "1: feed-forward layers have three matrices", Names::None, kYoung),
    }};
    return table;
}

const Table& SampleRow::table() {
    using R = SampleRow;
    static const Table table{"/samples", "Training samples, in order of their number", sizeof(R), {
        column("sample", &R::sample, "1", "number of the sample"),
        column("device", &R::device, "1", "device that has it; -1: none"),
        column("packet", &R::packet, "1", "which of the device's packets carries it first; -1: none"),
        column("label", &R::label, "1", "class, index into /classes; not read by the trainer unless packet.labels"),
        column("target", &R::target, "1", "regression: the target; else the class"),
        column("tokens", &R::tokens, "tokens", "length, special tokens included"),
    }};
    return table;
}

const Table& SplitRow::table() {
    using R = SplitRow;
    static const Table table{"/splits", "Which sample of which file is for what (data.split); empty: train and test are as given", sizeof(R), {
        column("split", &R::split, "1", "what it is for", Names::Splits),
        column("sample", &R::sample, "1", "train: of /samples; validation, test: row of /evaluation"),
        column("file", &R::file, "1", "of data.train or of data.test", Names::Splits),
        column("place", &R::place, "1", "which sample of it, from 0, of those that data.train_samples or data.test_samples leaves"),
        column("line", &R::line, "1", "of the file, on which it begins"),
    }, kYoung};
    return table;
}

const Table& UploadRow::table() {
    using R = UploadRow;
    static const Table table{"/uploads", "Packets from the devices, in order of arrival, device, packet; virtual time", sizeof(R), {
        column("upload", &R::upload, "1", "number of the upload"),
        column("device", &R::device, "1", "device that sends"),
        column("packet", &R::packet, "1", "which of the device's packets"),
        column("samples", &R::samples, "samples", "samples in the packet"),
        column("tokens", &R::tokens, "tokens", "real tokens of all its samples"),
        column("padded_tokens", &R::padded_tokens, "tokens", "length that FLOPs are charged with, of each sample"),
        column("compute_start_ns", &R::compute_start_ns, "ns", "the forward pass begins"),
        column("compute_end_ns", &R::compute_end_ns, "ns", "the forward pass ends"),
        column("send_start_ns", &R::send_start_ns, "ns", "the first byte leaves"),
        column("send_end_ns", &R::send_end_ns, "ns", "the last byte has left"),
        column("arrival_ns", &R::arrival_ns, "ns", "the server has the packet"),
        column("charged_bytes", &R::charged_bytes, "bytes", "bytes on the emulated link"),
        column("repeated_bytes", &R::repeated_bytes, "bytes", "of them, what the link lost and carried again"),
        column("charged_flop", &R::charged_flop, "FLOP", "work of the emulated device, by formula"),
        column("compute_energy_j", &R::compute_energy_j, "J", "energy of the forward pass; NaN: not known"),
        column("send_energy_j", &R::send_energy_j, "J", "energy of sending; NaN: not known"),
        column("overrun_ns", &R::overrun_ns, "ns", "wall clock: by how much the host was too slow for its times"),
        column("outcome", &R::outcome, "1", "what became of it; planned: the run ended before", Names::Outcomes),
        column("task", &R::task, "1", "of /tasks; -1: each device has one", Names::None, 5),
        column("round", &R::round, "1", "of its task", Names::None, 5),
        column("content", &R::content, "1", "what it carries", Names::Contents, 5),
    }};
    return table;
}

const Table& LossRow::table() {
    using R = LossRow;
    static const Table table{"/losses", "Wasted work of devices: cut off because they went off, or too late for the server; virtual time", sizeof(R), {
        column("device", &R::device, "1", "number of the device"),
        column("packet", &R::packet, "1", "which of the device's packets, or part of its task; -1: a download at the end"),
        column("stage", &R::stage, "1", "what it was at", Names::LossStages),
        column("start_ns", &R::start_ns, "ns", "the attempt begins"),
        column("end_ns", &R::end_ns, "ns", "the device goes off; late: the last byte has left"),
        column("charged_bytes", &R::charged_bytes, "bytes", "of the wasted attempt"),
        column("recalled", &R::recalled, "1", "1: because the server recalled the task", Names::None, 5),
    }};
    return table;
}

const Table& CostRow::table() {
    using R = CostRow;
    static const Table table{"/costs", "What devices spent until their last packet arrived; compute + send - both + wait + off = done", sizeof(R), {
        column("device", &R::device, "1", "number of the device"),
        column("tokens", &R::tokens, "tokens", "real tokens of the packets that arrived"),
        column("charged_flop", &R::charged_flop, "FLOP", "work of these, by formula"),
        column("tap_bytes", &R::tap_bytes, "bytes", "taps of these"),
        column("scale_bytes", &R::scale_bytes, "bytes", "scales of quantised taps"),
        column("residual_bytes", &R::residual_bytes, "bytes", "residuals"),
        column("label_bytes", &R::label_bytes, "bytes", "labels, where packets carry them"),
        column("header_bytes", &R::header_bytes, "bytes", "headers and sample ids, where they are charged"),
        column("repeated_bytes", &R::repeated_bytes, "bytes", "what the link lost and carried again"),
        column("vain_bytes", &R::vain_bytes, "bytes", "of transfers that were cut off"),
        column("compute_ns", &R::compute_ns, "ns", "computing, wasted attempts included"),
        column("send_ns", &R::send_ns, "ns", "sending, wasted attempts included"),
        column("both_ns", &R::both_ns, "ns", "of these, at the same time"),
        column("wait_ns", &R::wait_ns, "ns", "on, but neither computing nor sending"),
        column("off_ns", &R::off_ns, "ns", "not there"),
        column("done_ns", &R::done_ns, "ns", "arrival of its last packet"),
        column("compute_energy_j", &R::compute_energy_j, "J", "energy of computing; NaN: not known"),
        column("send_energy_j", &R::send_energy_j, "J", "energy of sending; NaN: not known"),
        column("wait_energy_j", &R::wait_energy_j, "J", "energy of waiting; NaN: not known"),
        column("update_bytes", &R::update_bytes, "bytes", "weights, gradients, activations or scalars sent", Names::None, 5),
        column("down_bytes", &R::down_bytes, "bytes", "fetched during training", Names::None, 5),
        column("receive_ns", &R::receive_ns, "ns", "receiving, whatever else it did at the time", Names::None, 5),
        column("receive_energy_j", &R::receive_energy_j, "J", "energy of receiving; NaN: not known", Names::None, 5),
    }};
    return table;
}

const Table& DownloadRow::table() {
    using R = DownloadRow;
    static const Table table{"/downloads", "What devices fetch: for their tasks, and what was learned at the end; virtual time", sizeof(R), {
        column("device", &R::device, "1", "device that receives"),
        column("start_ns", &R::start_ns, "ns", "the first byte leaves the server"),
        column("end_ns", &R::end_ns, "ns", "the device has all"),
        column("charged_bytes", &R::charged_bytes, "bytes", "bytes on the emulated link"),
        column("repeated_bytes", &R::repeated_bytes, "bytes", "of them, what the link lost and carried again"),
        column("energy_j", &R::energy_j, "J", "energy of receiving; NaN: not known"),
        column("task", &R::task, "1", "of /tasks; -1: for none, at the end", Names::None, 5),
        column("round", &R::round, "1", "of its task", Names::None, 5),
        column("content", &R::content, "1", "what it carries", Names::Contents, 5),
    }};
    return table;
}

const Table& TaskRow::table() {
    using R = TaskRow;
    static const Table table{"/tasks", "What devices were asked to do during training, in the order in which it ended; empty where each has one task from the start; virtual time", sizeof(R), {
        column("task", &R::task, "1", "number of the task"),
        column("device", &R::device, "1", "who was asked"),
        column("round", &R::round, "1", "of the task"),
        column("version", &R::version, "updates", "that its weights have seen"),
        column("samples", &R::samples, "samples", "that it passes"),
        column("ready_ns", &R::ready_ns, "ns", "it is assigned"),
        column("end_ns", &R::end_ns, "ns", "it ends"),
        column("outcome", &R::outcome, "1", "how; gone: the device left for good", Names::TaskOutcomes),
        column("parts_done", &R::parts_done, "parts", "of it that were done"),
        column("down_bytes", &R::down_bytes, "bytes", "on the emulated link, wasted ones included"),
        column("up_bytes", &R::up_bytes, "bytes", "on the emulated link, wasted ones included"),
    }, 5};
    return table;
}

const Table& RoundRow::table() {
    using R = RoundRow;
    static const Table table{"/rounds", "Updates that aggregate what devices learned", sizeof(R), {
        column("update", &R::update, "1", "row of /updates"),
        column("round", &R::round, "1", "number of the round"),
        column("assigned", &R::assigned, "tasks", "assigned since the aggregation before"),
        column("arrived", &R::arrived, "parts", "that it aggregates"),
    }, 5};
    return table;
}

const Table& DiagnosticRow::table() {
    using R = DiagnosticRow;
    static const Table table{"/diagnostics", "What the method says about its updates", sizeof(R), {
        column("update", &R::update, "1", "row of /updates"),
        column("name", &R::name, "1", "which figure", Names::Diagnostics),
        column("value", &R::value, "1", "the figure"),
    }, 5};
    return table;
}

const Table& VerdictRow::table() {
    using R = VerdictRow;
    static const Table table{"/verdicts", "What the numbers of an update said to the protocol, on which the times after it depend", sizeof(R), {
        column("update", &R::update, "1", "row of /updates"),
        column("place", &R::place, "1", "which of its numbers"),
        column("value", &R::value, "1", "the number"),
    }, 5};
    return table;
}

const Table& UpdateRow::table() {
    using R = UpdateRow;
    static const Table table{"/updates", "Optimiser steps of the server, in their order; virtual time", sizeof(R), {
        column("update", &R::update, "1", "number of the update"),
        column("kind", &R::kind, "1", "on an arriving packet, on a batch from the inbox, or of what arrived since the last", Names::UpdateKinds),
        column("device", &R::device, "1", "source of an arrival, or owner of a per_device network; -1: a mixed batch"),
        column("upload", &R::upload, "1", "arrival: row of /uploads; replay: -1"),
        column("start_ns", &R::start_ns, "ns", "the step begins"),
        column("end_ns", &R::end_ns, "ns", "the step ends"),
        column("inbox_samples", &R::inbox_samples, "samples", "in the inbox when the step began"),
        column("waiting_packets", &R::waiting_packets, "packets", "arrived and waiting when the step began"),
        column("first_sample", &R::first_sample, "1", "where its samples begin in /update_samples"),
        column("samples", &R::samples, "samples", "how many they are"),
        column("overrun_ns", &R::overrun_ns, "ns", "wall clock: how long after its planned end it ended"),
        column("launches", &R::launches, "1", "kernel launches of the step, by formula: with server.step_overhead = launches each takes server.launch of its time; 0: none counted", Names::None, kYoung),
    }};
    return table;
}

const Table& TrainingRow::table() {
    using R = TrainingRow;
    static const Table table{"/training", "What an update did; nothing where loss or gradient_norm is not finite (train.on_nan); gate values are in /training_gates", sizeof(R), {
        column("update", &R::update, "1", "row of /updates"),
        column("loss", &R::loss, "1", "mean loss of the batch, before the step"),
        column("gradient_norm", &R::gradient_norm, "1", "joint norm before clipping"),
        column("learning_rate", &R::learning_rate, "1", "of this step"),
    }};
    return table;
}

const Table& EvaluationRow::table() {
    using R = EvaluationRow;
    static const Table table{"/evaluations", "Scores during training, on the validation set, without one on the test set: per evaluation a row for every backbone, then one for all", sizeof(R), {
        column("update", &R::update, "1", "updates done"),
        column("backbone", &R::backbone, "1", "row of /backbones; all: weighted by eval.weights", Names::BackbonesOrAll),
        column("time_ns", &R::time_ns, "ns", "virtual time"),
        column("metric", &R::metric, "%", "accuracy; regression: Pearson correlation times 100"),
        column("f1", &R::f1, "%", "two classes: F1 of class 1; else macro F1; NaN for regression"),
        column("loss", &R::loss, "1", "mean loss on that set"),
    }};
    return table;
}

const Table& TestScoreRow::table() {
    using R = TestScoreRow;
    static const Table table{"/test_scores", "Scores on the test set, computed once, at the end, where there is a validation set: per state of the weights a row for every backbone, then one for all", sizeof(R), {
        column("weights", &R::weights, "1", "the last ones, or those with the best metric on the validation set", Names::TestedWeights),
        column("update", &R::update, "1", "updates that they had seen"),
        column("backbone", &R::backbone, "1", "row of /backbones; all: weighted by eval.weights", Names::BackbonesOrAll),
        column("metric", &R::metric, "%", "accuracy; regression: Pearson correlation times 100"),
        column("f1", &R::f1, "%", "two classes: F1 of class 1; else macro F1; NaN for regression"),
        column("loss", &R::loss, "1", "mean loss on the test set"),
    }, kYoung};
    return table;
}

const Table& ServerRow::table() {
    using R = ServerRow;
    static const Table table{"/server", "What the server's times are computed from: one row", sizeof(R), {
        column("rate_flop_per_s", &R::rate_flop_per_s, "FLOP/s", "effective, for the side network"),
        column("io_rate_bytes_per_s", &R::io_rate_bytes_per_s, "bytes/s", "of reading the samples of an update"),
        column("step_overhead_s", &R::step_overhead_s, "s", "fixed time of an update; NaN: the launches that /updates has, times launch_s"),
        column("launch_s", &R::launch_s, "s", "of one kernel launch"),
        column("access_bytes_per_s", &R::access_bytes_per_s, "bytes/s", "the server's own link, each way; 0: unlimited"),
        column("deadline_s", &R::deadline_s, "s", "after it no packet is waited for; 0: none"),
        column("enough_share", &R::enough_share, "1", "share of the packets after which no other is waited for"),
    }, kYoung};
    return table;
}

const Table& PassRow::table() {
    using R = PassRow;
    static const Table table{"/passes", "How often the samples that arrived were in an update, on arrivals and in replay; by device, class and tenth of the samples in order of arrival", sizeof(R), {
        column("group", &R::group, "1", "what the samples have in common", Names::PassGroups),
        column("number", &R::number, "1", "device, class, or tenth from 0; fleet: -1"),
        column("samples", &R::samples, "samples", "of it that arrived"),
        column("mean", &R::mean, "passes", "of a sample"),
        column("fewest", &R::fewest, "passes", "of a sample"),
        column("most", &R::most, "passes", "of a sample"),
    }, kYoung};
    return table;
}

const Table& TraceRow::table() {
    using R = TraceRow;
    static const Table table{"/traces", "Rates over time that /devices names: of links, and what other programs leave of a device's rate", sizeof(R), {
        column("trace", &R::trace, "1", "number of the trace"),
        column("period_ns", &R::period_ns, "ns", "end of its last step"),
        column("end", &R::end, "1", "what follows: it begins again, or its last rate holds", Names::TraceEnds),
        column("first_step", &R::first_step, "1", "where its steps begin in /trace_steps"),
        column("steps", &R::steps, "1", "how many they are"),
    }, kYoung};
    return table;
}

const Table& TraceStepRow::table() {
    using R = TraceStepRow;
    static const Table table{"/trace_steps", "Steps of the traces, one trace after another", sizeof(R), {
        column("begin_ns", &R::begin_ns, "ns", "from the start of the trace"),
        column("rate", &R::rate, "1", "from then on: of a link in bit/s, of a load in millionths of the device's rate"),
    }, kYoung};
    return table;
}

const Table& AvailabilityRow::table() {
    using R = AvailabilityRow;
    static const Table table{"/availability", "Patterns by which devices come and go, which /devices names", sizeof(R), {
        column("availability", &R::availability, "1", "number of the pattern"),
        column("kind", &R::kind, "1", "of the pattern", Names::AvailabilityKinds),
        column("from_s", &R::from_s, "s", "daily: on from this time of the day"),
        column("to_s", &R::to_s, "s", "daily: until this"),
        column("time_zones", &R::time_zones, "1", "daily: a device draws one of so many"),
        column("mean_on_s", &R::mean_on_s, "s", "markov: mean time on"),
        column("mean_off_s", &R::mean_off_s, "s", "markov: mean time off"),
        column("slot_s", &R::slot_s, "s", "day_cycle: length of a slot"),
        column("level_spread", &R::level_spread, "1", "day_cycle: sigma of a device's log-normal level"),
        column("join_s", &R::join_s, "s", "a device joins at a uniform time up to this"),
        column("trace_period_s", &R::trace_period_s, "s", "trace: its spans repeat after it"),
        column("trace_devices", &R::trace_devices, "devices", "trace: of the file; a fleet with more starts over"),
    }, kYoung};
    return table;
}

const Table& AvailabilitySpanRow::table() {
    using R = AvailabilitySpanRow;
    static const Table table{"/availability_spans", "When devices are on, of patterns from a file: the rows of it that the fleet uses", sizeof(R), {
        column("availability", &R::availability, "1", "row of /availability"),
        column("trace_device", &R::trace_device, "1", "device in the file"),
        column("on_ns", &R::on_ns, "ns", "it comes, from the start of a period"),
        column("off_ns", &R::off_ns, "ns", "it goes; may lie in the next period"),
    }, kYoung};
    return table;
}

const Table& MixupRow::table() {
    using R = MixupRow;
    static const Table table{"/mixup", "What the samples of /update_samples are mixed with, row by row; empty without server.mixup", sizeof(R), {
        column("partner", &R::partner, "1", "the other sample; itself: not mixed"),
        column("share", &R::share, "1", "of the sample itself; the rest is the partner's"),
    }, kYoung};
    return table;
}

const Table& HostRow::table() {
    using R = HostRow;
    static const Table table{"/host", "How fast the testbed was, by rank and phase; real time", sizeof(R), {
        column("rank", &R::rank, "1", "MPI rank"),
        column("phase", &R::phase, "1", "what the time went into", Names::Phases),
        column("backbone", &R::backbone, "1", "row of /backbones; none: not of one", Names::BackbonesOrNone),
        column("wall_s", &R::wall_s, "s", "real time"),
        column("cpu_s", &R::cpu_s, "s", "processor time"),
        column("done_flop", &R::done_flop, "FLOP", "really done by the host"),
        column("tokens", &R::tokens, "tokens", "real tokens"),
        column("samples", &R::samples, "samples", "samples"),
        column("wire_bytes", &R::wire_bytes, "bytes", "really moved; recording: written to the file"),
        column("peak_rss_bytes", &R::peak_rss_bytes, "bytes", "largest resident memory of the process"),
        column("groups", &R::groups, "groups", "hosted groups of devices"),
        column("peak_flop_per_s", &R::peak_flop_per_s, "FLOP/s", "matrix product on one thread at the backbone's shapes; NaN: not measured"),
        column("threads", &R::threads, "threads", "threads at work"),
        column("queue_waits", &R::queue_waits, "1", "recording: how often the program had to wait for the disk"),
        column("overruns", &R::overruns, "1", "wall clock: deadlines that the rank missed by more than 5 ms"),
        column("worst_overrun_s", &R::worst_overrun_s, "s", "wall clock: the worst of them"),
    }};
    return table;
}

// clang-format on

}  // namespace mobi::record
