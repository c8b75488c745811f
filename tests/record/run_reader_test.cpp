// SPDX-License-Identifier: Apache-2.0
#include "record/run_reader.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "hdf5/appender.hpp"
#include "hdf5/attribute.hpp"
#include "record/sample_run.hpp"
#include "record/table_appender.hpp"
#include "record/temporary_folder.hpp"
#include "record/writer.hpp"

namespace mobi::test {
namespace {

using namespace record;

/// One sample run for all tests of this file.
class RunReaderTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        write("run.h5", RunStatus::Finished);
    }
    static void TearDownTestSuite() {
        delete folder_;
        folder_ = nullptr;
    }
    static std::filesystem::path path(const char* name = "run.h5") { return *folder_ / name; }

    static void write(const char* name, RunStatus status) {
        Writer writer(path(name), sample_layout(), {});
        for (Record& record : sample_records()) writer.submit(std::move(record));
        writer.close(status);
    }

    /// Opening `name` fails with this text, and the text names the file.
    static void refuse(const char* name, const std::string& text) {
        try {
            const RunReader reader(path(name));
            FAIL() << "opened " << name;
        } catch (const Error& error) {
            const std::string what = error.what();
            EXPECT_NE(what.find(text), std::string::npos) << what;
            EXPECT_NE(what.find(path(name).string()), std::string::npos) << what;
        }
    }

    static TemporaryFolder* folder_;
};

TemporaryFolder* RunReaderTest::folder_ = nullptr;

template <typename Row>
void expect_equal(const std::vector<Row>& read, const std::vector<Row>& written) {
    const Table& table = table_of<Row>();
    ASSERT_EQ(read.size(), written.size()) << table.path;
    const auto pack = [&](const std::vector<Row>& rows) {  // padding is not compared, NaN is
        std::vector<std::byte> packed(rows.size() * table.packed_bytes());
        pack_rows(table, std::as_bytes(std::span(rows)), packed);
        return packed;
    };
    EXPECT_EQ(pack(read), pack(written)) << table.path;
}

TEST_F(RunReaderTest, EveryTableComesBack) {
    const RunReader reader(path());
    expect_equal(reader.rows<DeviceRow>(), sample_devices());
    expect_equal(reader.rows<BackboneRow>(), sample_backbones());
    expect_equal(reader.rows<SampleRow>(), sample_samples());
    expect_equal(reader.rows<UploadRow>(), sample_uploads());
    expect_equal(reader.rows<DownloadRow>(), sample_downloads());
    expect_equal(reader.rows<UpdateRow>(), sample_updates());
    expect_equal(reader.rows<TrainingRow>(), sample_training());
    expect_equal(reader.rows<EvaluationRow>(), sample_evaluations());
    EXPECT_EQ(reader.update_samples(), sample_update_samples());
    EXPECT_EQ(reader.training_gates(), sample_gates());

    std::vector<HostRow> host = reader.rows<HostRow>();
    ASSERT_FALSE(host.empty());
    EXPECT_EQ(host.back().phase, static_cast<std::int32_t>(HostPhase::Recording));
    EXPECT_GT(host.back().wire_bytes, 100'000);
    host.pop_back();  // the writer's own
    expect_equal(host, sample_host());
}

TEST_F(RunReaderTest, TheLayoutComesBack) {
    const RunReader reader(path());
    const RunLayout expected = sample_layout();
    const RunLayout& layout = reader.layout();
    EXPECT_EQ(layout.config_text, expected.config_text);
    EXPECT_EQ(layout.seed, expected.seed);
    EXPECT_EQ(layout.profile_names, expected.profile_names);
    EXPECT_EQ(layout.link_names, expected.link_names);
    EXPECT_EQ(layout.family_names, expected.family_names);
    EXPECT_EQ(layout.class_names, expected.class_names);
    EXPECT_EQ(layout.classes, expected.classes);
    EXPECT_EQ(layout.blocks, expected.blocks);
    EXPECT_EQ(layout.train_samples, expected.train_samples);
    EXPECT_EQ(layout.test_samples, expected.test_samples);
    EXPECT_EQ(layout.activations, expected.activations);
    EXPECT_EQ(layout.weights, expected.weights);
    EXPECT_EQ(layout.library_versions.at("mpi"), "Open MPI 4.1.4");
    EXPECT_EQ(layout.library_versions.count("hdf5"), 1U);
    ASSERT_EQ(layout.backbones.size(), expected.backbones.size());
    for (std::size_t b = 0; b < layout.backbones.size(); ++b) {
        EXPECT_EQ(layout.backbones[b].name, expected.backbones[b].name);
        EXPECT_EQ(layout.backbones[b].tap_layers, expected.backbones[b].tap_layers);
        EXPECT_EQ(layout.backbones[b].width, expected.backbones[b].width);
        EXPECT_EQ(layout.backbones[b].dtype, expected.backbones[b].dtype);
    }
    EXPECT_FALSE(reader.incomplete());
    EXPECT_EQ(reader.status().updates_done, 2500);
}

TEST_F(RunReaderTest, ActivationsComeBackInEveryWirePrecision) {
    const RunReader reader(path());
    const RunLayout layout = sample_layout();
    for (std::int32_t b = 0; b < 5; ++b) {
        const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(b)];
        SCOPED_TRACE(type.name);
        const std::vector<ActivationRows> packets = sample_activations(b);
        Activations expected;
        expected.taps.resize(2);
        const bool scaled = type.dtype == Precision::Int8 || type.dtype == Precision::Int4;
        expected.scales.resize(scaled ? 2 : 0);
        for (const ActivationRows& packet : packets) {
            const auto append = [](auto& to, const auto& from, std::size_t part, std::size_t of) {
                const auto size = static_cast<std::ptrdiff_t>(from.size() / of);
                const auto first = from.begin() + static_cast<std::ptrdiff_t>(part) * size;
                to.insert(to.end(), first, first + size);
            };
            for (std::size_t k = 0; k < 2; ++k) {
                append(expected.taps[k], packet.taps, k, 2);
                if (scaled) append(expected.scales[k], packet.scales, k, 2);
            }
            append(expected.samples, packet.samples, 0, 1);
            append(expected.residual, packet.residual, 0, 1);
            expected.upload.insert(expected.upload.end(), packet.samples.size(), packet.upload);
        }
        const Activations read = reader.activations(b);
        EXPECT_EQ(reader.activation_rows(b), 12);
        EXPECT_EQ(read.samples, expected.samples);
        EXPECT_EQ(read.upload, expected.upload);
        EXPECT_EQ(read.taps, expected.taps);
        EXPECT_EQ(read.scales, expected.scales);
        EXPECT_EQ(read.residual, expected.residual);

        const Activations part = reader.activations(b, 5, 100);
        EXPECT_EQ(part.samples,
                  std::vector<std::int32_t>(expected.samples.begin() + 5, expected.samples.end()));
        const std::size_t row_bytes = encoded_bytes(type.dtype, type.width);
        EXPECT_EQ(part.taps[1],
                  Bytes(expected.taps[1].begin() + static_cast<std::ptrdiff_t>(5 * row_bytes),
                        expected.taps[1].end()));
    }
}

TEST_F(RunReaderTest, EvaluationComesBackInTheOrderOfTheTestSamples) {
    const RunReader reader(path());
    for (std::int32_t b = 0; b < 5; ++b) {
        const auto width =
            static_cast<std::size_t>(sample_layout().backbones[static_cast<std::size_t>(b)].width);
        const StoredEvaluation read = reader.evaluation(b);
        ASSERT_EQ(read.taps.size(), 2U);
        for (std::size_t k = 0; k < 2; ++k)
            for (std::size_t sample = 0; sample < 7; ++sample)
                EXPECT_EQ(read.taps[k][sample * width + 1],
                          static_cast<float>(b) + 100 * static_cast<float>(k) +
                              10 * static_cast<float>(sample) + 1.0F / 16);
        EXPECT_EQ(read.output[3 * 3 + 2], 1.0F);
        EXPECT_EQ(reader.confusion(b).counts, sample_confusion(b).counts);
    }
    EXPECT_EQ(reader.evaluation_truth().labels, sample_truth().labels);
    EXPECT_TRUE(reader.evaluation_truth().targets.empty());
}

TEST_F(RunReaderTest, WeightsComeBack) {
    const RunReader reader(path());
    for (const WeightState state : {WeightState::Initial, WeightState::Final})
        for (const char* name : {"W_dn.1", "alpha.1", "P.b-fp32.1"})
            EXPECT_EQ(reader.weights(state, name), sample_weights(state, name).values);
    EXPECT_THROW(reader.weights(WeightState::Final, "W_up.9"), DataError);
}

TEST_F(RunReaderTest, RegressionHasTargetsAndNoClasses) {
    RunLayout layout;
    layout.classes = 1;
    layout.test_samples = 2;
    layout.backbones = {{"b", {1}, 4, Precision::Fp32}};
    Writer writer(path("regression.h5"), layout, {});
    writer.submit(Truth{1, {0, 0}, {1.5F, -2}});
    writer.close(RunStatus::Finished);
    const RunReader reader(path("regression.h5"));
    EXPECT_EQ(reader.evaluation_truth().targets, (std::vector<float>{1.5F, -2}));
    EXPECT_TRUE(reader.layout().class_names.empty());
    EXPECT_TRUE(std::isnan(reader.evaluation(0).output.at(0)));
}

TEST_F(RunReaderTest, ARunWithoutActivationsSaysSo) {
    RunLayout layout = sample_layout();
    layout.activations = false;
    Writer writer(path("none.h5"), layout, {});
    EXPECT_FALSE(writer.keeps_activations());
    for (Record& record : sample_records()) writer.submit(std::move(record));
    writer.close(RunStatus::Finished);
    const RunReader reader(path("none.h5"));
    EXPECT_FALSE(reader.layout().activations);
    EXPECT_EQ(reader.layout().backbones[1].tap_layers, (std::vector<std::int32_t>{0, 3}));
    expect_equal(reader.rows<UpdateRow>(), sample_updates());
    EXPECT_THROW(reader.activations(0), DataError);
    EXPECT_THROW(reader.evaluation(0), DataError);
}

TEST_F(RunReaderTest, AnAbortedRunIsRefusedUnlessAskedFor) {
    write("aborted.h5", RunStatus::Aborted);
    refuse("aborted.h5", "is incomplete: the run was aborted after 2500 updates");
    const RunReader reader(path("aborted.h5"), IncompleteRuns::Allow);
    EXPECT_TRUE(reader.incomplete());
    EXPECT_EQ(reader.rows<UpdateRow>().size(), 2500U);
}

TEST_F(RunReaderTest, WhatIsNotARunFileIsRefused) {
    refuse("missing.h5", "is not there");
    std::ofstream(path("text.h5")) << "loss,accuracy\n";
    refuse("text.h5", "is not an HDF5 file");
    const auto create = [](const std::filesystem::path& file) {
        return File(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "create");
    };
    create(path("other.h5")).close("close");
    refuse("other.h5", "not one of fedmobillm");
    std::filesystem::copy_file(path(), path("new.h5"));
    {
        File file(H5Fopen(path("new.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open");
        check_hdf5(H5Adelete(file.get(), "schema_version"), "delete");
        write_number(file.get(), "schema_version", 99);
        file.close("close");
    }
    refuse("new.h5",
           "has schema version 99, this program reads 4 to 5: use the version that wrote it");
}

TEST_F(RunReaderTest, AnOlderFileIsReadWithoutWhatItLacks) {
    std::filesystem::copy_file(path(), path("older.h5"));
    {
        File file(H5Fopen(path("older.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open");
        check_hdf5(H5Adelete(file.get(), "schema_version"), "delete");
        write_number(file.get(), "schema_version", kOldestSchema);
        for (const char* table : {"/devices", "/tasks", "/rounds", "/diagnostics", "/verdicts"})
            check_hdf5(H5Ldelete(file.get(), table, H5P_DEFAULT), "delete");
        check_hdf5(
            H5Lmove(file.get(), "/weights", file.get(), "/side_network", H5P_DEFAULT, H5P_DEFAULT),
            "rename");
        Table older = table_of<DeviceRow>();
        std::erase_if(older.columns, [](const Column& one) { return one.since > kOldestSchema; });
        ASSERT_LT(older.columns.size(), table_of<DeviceRow>().columns.size());
        create_growing(file.get(), "/devices", packed_type(older, sample_layout()), 0, 16)
            .close("close");
        TableAppender devices(file.get(), older);
        const std::vector<DeviceRow> rows = sample_devices();
        devices.append(std::span(rows));
        devices.close();
        file.close("close");
    }
    std::vector<DeviceRow> expected = sample_devices();
    for (DeviceRow& row : expected) {
        const DeviceRow fresh{};
        row.missing_packets = 0;
        row.start_up_s = fresh.start_up_s;
        row.launch_s = fresh.launch_s;
        row.launches = fresh.launches;
        row.rate_flop_per_s = fresh.rate_flop_per_s;
        row.memory_bandwidth_bytes_per_s = fresh.memory_bandwidth_bytes_per_s;
        row.law_error = fresh.law_error;
    }
    const RunReader older(path("older.h5"));
    expect_equal(older.rows<DeviceRow>(), expected);
    EXPECT_TRUE(older.rows<TaskRow>().empty());
    EXPECT_EQ(older.layout().weights, sample_layout().weights);
    EXPECT_FALSE(older.weights(WeightState::Final, "W_dn.1").empty());
}

// Columns and tables that came without a new version: files of this version may lack them.
TEST_F(RunReaderTest, AFileWithoutWhatIsYoungIsRead) {
    std::filesystem::copy_file(path(), path("lacking.h5"));
    {
        File file(H5Fopen(path("lacking.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open");
        for (const Table* table : growing_tables())
            if (table->since == kYoung || table->path == "/devices")
                check_hdf5(H5Ldelete(file.get(), std::string(table->path).c_str(), H5P_DEFAULT),
                           "delete");
        Table lacking = table_of<DeviceRow>();
        std::erase_if(lacking.columns, [](const Column& one) { return one.since == kYoung; });
        ASSERT_LT(lacking.columns.size(), table_of<DeviceRow>().columns.size());
        create_growing(file.get(), "/devices", packed_type(lacking, sample_layout()), 0, 16)
            .close("close");
        TableAppender devices(file.get(), lacking);
        const std::vector<DeviceRow> rows = sample_devices();
        devices.append(std::span(rows));
        devices.close();
        file.close("close");
    }
    const RunReader lacking(path("lacking.h5"));
    const auto rows = lacking.rows<DeviceRow>();
    ASSERT_EQ(rows.size(), sample_devices().size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].loss, sample_devices()[i].loss);
        EXPECT_EQ(rows[i].availability, -1);
    }
    EXPECT_TRUE(lacking.rows<ServerRow>().empty());
    EXPECT_TRUE(lacking.rows<MixupRow>().empty());
}

TEST_F(RunReaderTest, ATruncatedFileIsRefused) {
    std::filesystem::copy_file(path(), path("short.h5"));
    for (const double part : {0.9, 0.5, 0.1, 0.001}) {
        const auto size = static_cast<double>(std::filesystem::file_size(path()));
        std::filesystem::resize_file(path("short.h5"), static_cast<std::uintmax_t>(part * size));
        refuse("short.h5", "short.h5");
    }
}

TEST_F(RunReaderTest, ATableWithoutItsColumnsIsRefused) {
    std::filesystem::copy_file(path(), path("columns.h5"));
    {
        File file(H5Fopen(path("columns.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open");
        check_hdf5(H5Ldelete(file.get(), "/uploads", H5P_DEFAULT), "delete");
        check_hdf5(H5Lcreate_hard(file.get(), "/downloads", file.get(), "/uploads", H5P_DEFAULT,
                                  H5P_DEFAULT),
                   "link");
        check_hdf5(H5Ldelete(file.get(), "/training", H5P_DEFAULT), "delete");
        file.close("close");
    }
    const RunReader reader(path("columns.h5"));
    EXPECT_THROW(reader.rows<UploadRow>(), DataError);
    EXPECT_THROW(reader.rows<TrainingRow>(), DataError);
    EXPECT_EQ(reader.rows<DownloadRow>().size(), 3U);
}

}  // namespace
}  // namespace mobi::test
