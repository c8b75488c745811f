// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/records.hpp"
#include "schema/schema.hpp"

namespace mobi::test {

/// Three devices, five backbone types of one wire precision each, widths odd and even, 3 classes:
/// a small run that has something in every dataset, every value a function of its place.
record::RunLayout sample_layout();

/// Every record of that run, in the order of submission.  The packets' bytes are
/// `(backbone * 31 + packet * 7 + position) mod 251`, in fp16 and bf16 with exponents kept small.
std::vector<record::Record> sample_records();

std::vector<record::DeviceRow> sample_devices();
std::vector<record::BackboneRow> sample_backbones();
std::vector<record::SampleRow> sample_samples();
std::vector<record::UploadRow> sample_uploads();
std::vector<record::DownloadRow> sample_downloads();
std::vector<record::UpdateRow> sample_updates();
std::vector<record::TrainingRow> sample_training();
std::vector<record::EvaluationRow> sample_evaluations();
std::vector<record::HostRow> sample_host();
std::vector<std::int32_t> sample_update_samples();
std::vector<float> sample_gates();
/// Packets of one backbone type in arrival order.
std::vector<record::ActivationRows> sample_activations(std::int32_t backbone);
/// All test samples of one backbone type, in two portions, neither in order.
std::vector<record::EvaluationTaps> sample_evaluation(std::int32_t backbone);
Truth sample_truth();
record::Weights sample_weights(record::WeightState state, const std::string& name);
record::Confusion sample_confusion(std::int32_t backbone);

}  // namespace mobi::test
