// SPDX-License-Identifier: Apache-2.0
#include "record/run_file.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "hdf5/attribute.hpp"
#include "record/random_rows.hpp"
#include "record/run_reader.hpp"
#include "record/sample_run.hpp"
#include "record/temporary_folder.hpp"

namespace mobi::test {
namespace {

using namespace record;
namespace fs = std::filesystem;

/// With SWMR, and without.
class RunFileTest : public ::testing::TestWithParam<bool> {
  protected:
    RunFileTest() { prepare_hdf5(); }

    static RecordParameters parameters() {
        RecordParameters parameters;
        parameters.swmr = GetParam();
        return parameters;
    }
    fs::path path() const { return folder_ / "run.h5"; }
    RunFile create(const RunLayout& layout = sample_layout()) const {
        return {Output(path()), layout, parameters()};
    }
    /// What a kill at this moment would leave.
    fs::path copy() const {
        fs::copy_file(path(), folder_ / "copy.h5", fs::copy_options::overwrite_existing);
        return folder_ / "copy.h5";
    }

    TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Swmr, RunFileTest, ::testing::Bool(), [](const auto& param) {
    return param.param ? std::string("On") : std::string("Off");
});

/// A run that is stored table by table, in portions of random size, alone or together.
class RandomRun {
  public:
    RandomRun(std::uint32_t round, std::size_t most)
        : stream_(10, Purpose::Test, round), rows_(random_tables(stream_, most)) {}

    /// Stores a random portion of a random table; \return whether anything is left.
    bool store_some(RunFile& file) {
        const std::size_t chosen = stream_.below(std::tuple_size_v<AllRows>);
        std::size_t place = 0;
        bool left = false;
        for_each_table(rows_, [&](const auto& table) {
            std::size_t& stored = stored_[place];
            if (place++ == chosen) {
                const auto count = std::min<std::size_t>(stream_.below(60), table.size() - stored);
                const auto first = table.begin() + static_cast<std::ptrdiff_t>(stored);
                if (stream_.below(2) == 0) {
                    file.store(std::decay_t<decltype(table)>(
                        first, first + static_cast<std::ptrdiff_t>(count)));
                } else {
                    for (std::size_t i = 0; i < count; ++i)
                        file.store(first[static_cast<std::ptrdiff_t>(i)]);
                }
                stored += count;
            }
            left |= stored < table.size();
        });
        return left;
    }

    void flushed() { flushed_ = stored_; }
    RandomStream& stream() { return stream_; }

    /// That the reader has at least what was flushed, and nothing that was not stored.
    void check(const RunReader& reader) const {
        std::size_t place = 0;
        for_each_table(rows_, [&](const auto& table) {
            using Row = typename std::decay_t<decltype(table)>::value_type;
            const auto read = reader.rows<Row>();
            const std::string_view path = table_of<Row>().path;
            EXPECT_GE(read.size(), flushed_[place]) << path;
            EXPECT_LE(read.size(), stored_[place]) << path;
            const auto whole = std::min(read.size(), flushed_[place]);
            EXPECT_EQ(bits_of(std::span(read).first(whole)), bits_of(std::span(table).first(whole)))
                << path;
            if constexpr (std::is_same_v<Row, UpdateRow>) {
                EXPECT_EQ(reader.status().updates_done, static_cast<std::int32_t>(flushed_[place]));
            }
            ++place;
        });
    }

  private:
    RandomStream stream_;
    AllRows rows_;
    std::array<std::size_t, std::tuple_size_v<AllRows>> stored_{};
    std::array<std::size_t, std::tuple_size_v<AllRows>> flushed_{};
};

TEST_P(RunFileTest, EveryTableComesBackBitForBit) {
    for (std::uint32_t round = 0; round < 3; ++round) {
        SCOPED_TRACE(round);
        RandomRun run(round, round == 0 ? 2500 : 200);
        RunFile file = create();
        while (run.store_some(file))
            if (run.stream().below(30) == 0) file.flush();
        run.flushed();
        file.close(RunStatus::Finished);
        const RunReader reader(path());
        EXPECT_FALSE(reader.incomplete());
        run.check(reader);
    }
}

// A kill leaves the file as it is between two calls: what was flushed is in it, and /status does
// not promise more.
TEST_P(RunFileTest, AKillAtAnyMomentLeavesWhatWasFlushed) {
    RandomRun run(7, 300);
    RunFile file = create();
    for (int step = 0; run.store_some(file); ++step) {
        if (run.stream().below(8) == 0) {
            file.flush();
            run.flushed();
        }
        if (step % 5 != 0) continue;
        const RunReader reader(copy(), IncompleteRuns::Allow);
        EXPECT_EQ(reader.status().status, static_cast<std::int8_t>(RunStatus::Running));
        run.check(reader);
    }
    EXPECT_THROW(RunReader{copy()}, DataError);
}

TEST_P(RunFileTest, IsReadableAndEmptyFromTheBeginning) {
    RunFile file = create();
    const RunReader reader(copy(), IncompleteRuns::Allow);
    EXPECT_EQ(reader.layout().config_text, sample_layout().config_text);
    EXPECT_EQ(reader.status().updates_done, 0);
    EXPECT_TRUE(reader.rows<UploadRow>().empty());
    EXPECT_TRUE(reader.update_samples().empty());
    EXPECT_EQ(reader.activation_rows(0), 0);
    for (const float value : reader.weights(WeightState::Final, "W_dn.1"))
        EXPECT_TRUE(std::isnan(value)) << "a weight that was never stored";
    EXPECT_EQ(reader.confusion(1).counts, std::vector<std::int32_t>(9, 0));
}

// docs: SWMR asks for the format of HDF5 1.10, whose superblock has version 3; that of 1.8, which
// has no mark "open for writing", has version 2.  The version is the byte behind the signature.
TEST_P(RunFileTest, TheFormatIsOneThatOldReadersKnow) {
    create().close(RunStatus::Finished);
    std::ifstream file(path(), std::ios::binary);
    std::string head(9, '\0');
    file.read(head.data(), 9);
    EXPECT_EQ(head.substr(0, 8), "\x89HDF\r\n\x1a\n");
    EXPECT_EQ(head[8], GetParam() ? 3 : 2);
}

TEST_P(RunFileTest, WholeDatasetsKeepTheLastThatWasStored) {
    RunFile file = create();
    Confusion confusion = sample_confusion(2);
    file.store(confusion);
    confusion.counts.assign(9, 4);
    file.store(confusion);
    for (const float value : {1.0F, 2.0F})
        file.store(Weights{WeightState::Final, "W_dn.1", std::vector<float>(6, value)});
    file.close(RunStatus::Finished);
    const RunReader reader(path());
    EXPECT_EQ(reader.confusion(2).counts, confusion.counts);
    EXPECT_EQ(reader.confusion(3).counts, std::vector<std::int32_t>(9, 0));
    EXPECT_EQ(reader.weights(WeightState::Final, "W_dn.1"), std::vector<float>(6, 2));
    EXPECT_TRUE(std::isnan(reader.weights(WeightState::Initial, "W_dn.1")[0]));
}

TEST_P(RunFileTest, WrittenBytesGrowWithWhatIsStored) {
    RandomStream stream(11, Purpose::Test);
    RunFile file = create();
    std::int64_t before = file.written_bytes();
    for (int i = 0; i < 5; ++i) {
        file.store(random_rows<UpdateRow>(stream, 100));
        file.flush();
        EXPECT_GE(file.written_bytes(),
                  before + static_cast<std::int64_t>(100 * table_of<UpdateRow>().packed_bytes()));
        before = file.written_bytes();
    }
    file.close(RunStatus::Finished);
}

/// `function` on the path and the handle of every dataset.
template <typename Function>
void for_each_dataset(hid_t file, Function function) {
    std::vector<std::string> names;
    const auto append = [](hid_t, const char* name, const H5O_info_t* info, void* list) -> herr_t {
        if (info->type == H5O_TYPE_DATASET)
            static_cast<std::vector<std::string>*>(list)->emplace_back(name);
        return 0;
    };
    check_hdf5(H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, append, &names), "list");
    EXPECT_GT(names.size(), 30U);
    for (const std::string& name : names) {
        const DataSet dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), name);
        function(name, dataset.get());
    }
}

TEST_P(RunFileTest, EveryDatasetIsDescribedAndHasNoTimeStamp) {
    create().close(RunStatus::Finished);
    const File file(H5Fopen(path().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
    for_each_dataset(file.get(), [](const std::string& name, hid_t dataset) {
        SCOPED_TRACE(name);
        EXPECT_FALSE(read_text(dataset, "description").empty());
        H5O_info_t info{};
        check_hdf5(H5Oget_info(dataset, &info), name);
        EXPECT_EQ(info.mtime, 0) << "two files of the same run would differ";
        const std::vector<std::string> attributes = attribute_names(dataset);
        EXPECT_EQ(std::count(attributes.begin(), attributes.end(), "unit"), 1);
        const DataType type(H5Dget_type(dataset), name);
        EXPECT_EQ(std::count(attributes.begin(), attributes.end(), "column_description"),
                  H5Tget_class(type.get()) == H5T_COMPOUND ? 1 : 0);
    });
}

TEST_P(RunFileTest, TheRootSaysWhatWroteIt) {
    create().close(RunStatus::Finished);
    const File file(H5Fopen(path().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
    const RunLayout layout = sample_layout();
    EXPECT_EQ(read_number(file.get(), "schema_version"), kSchemaVersion);
    EXPECT_EQ(read_unsigned(file.get(), "seed"), layout.seed);
    EXPECT_EQ(read_number(file.get(), "classes"), layout.classes);
    EXPECT_EQ(read_number(file.get(), "train_samples"), layout.train_samples);
    EXPECT_EQ(read_text(file.get(), "libtorch_version"), "1.13.0");
    EXPECT_FALSE(read_text(file.get(), "program_version").empty());
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    EXPECT_EQ(read_text(file.get(), "hdf5_version"),
              std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release));
}

TEST_P(RunFileTest, NamesThatTheFileUsesItselfAreNoBackbones) {
    for (const char* name : {"", ".", "all", "none", "labels", "targets", "a/b", "/", "b-int4"}) {
        RunLayout layout = sample_layout();
        layout.backbones[0].name = name;
        try {
            const RunFile file = create(layout);
            ADD_FAILURE() << "accepted '" << name << "'";
        } catch (const ConfigError& error) {
            EXPECT_NE(std::string(error.what()).find("backbone name '" + std::string(name) + "'"),
                      std::string::npos)
                << error.what();
        }
        EXPECT_TRUE(fs::is_empty(folder_.path())) << "left something behind";
    }
}

TEST_P(RunFileTest, NamesOfAnyLanguageComeBack) {
    RunLayout layout = sample_layout();
    layout.class_names = {"", "\xe7\x8a\xac", std::string(300, 'x')};
    layout.profile_names = {"a b", "\xc3\xbc/\"'", "%s{}"};
    layout.diagnostic_names = {"clients", "drift \xce\x94"};
    layout.backbones[2].name = "\xe6\xa8\xa1\xe5\x9e\x8b .h5";
    layout.weights = {{"a b.1", {2}}, {"\xce\xb1", {}}};
    layout.config_text = "";
    create(layout).close(RunStatus::Finished);
    const RunLayout read = RunReader(path()).layout();
    EXPECT_EQ(read.class_names, layout.class_names);
    EXPECT_EQ(read.profile_names, layout.profile_names);
    EXPECT_EQ(read.diagnostic_names, layout.diagnostic_names);
    EXPECT_EQ(read.backbones[2].name, layout.backbones[2].name);
    EXPECT_EQ(read.weights, layout.weights);
    EXPECT_EQ(read.config_text, "");
}

TEST_P(RunFileTest, WithoutCloseTheRunIsIncomplete) {
    { create().store(UpdateRow{}); }
    EXPECT_THROW(RunReader{path()}, DataError);
    EXPECT_TRUE(RunReader(path(), IncompleteRuns::Allow).incomplete());
}

}  // namespace
}  // namespace mobi::test
