// SPDX-License-Identifier: Apache-2.0
#include "record/writer.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.hpp"
#include "hdf5/handle.hpp"
#include "record/run_reader.hpp"
#include "record/sample_run.hpp"
#include "record/temporary_folder.hpp"

namespace mobi::test {
namespace {

using namespace record;
using namespace std::chrono_literals;

/// Runs `body` in a child process, which ends with the code that it returns.
pid_t in_child(const std::function<int()>& body) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) std::exit(body());  // with the handlers that a program runs at its end
    return child;
}

/// Waits for a child: its exit code, or minus the signal that ended it.
int result_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

UpdateRow update(std::int32_t number) {
    UpdateRow row{};
    row.update = number;
    row.first_sample = 3LL * number;
    row.samples = 3;
    return row;
}

/// Submits updates first .. last - 1, with three samples and a packet each.
void submit_updates(Writer& writer, std::int32_t first, std::int32_t last) {
    const std::vector<ActivationRows> packets = sample_activations(3);
    for (std::int32_t i = first; i < last; ++i) {
        writer.submit(packets[static_cast<std::size_t>(i) % packets.size()]);
        writer.submit_update_samples(std::vector<std::int32_t>{i, i + 1, i + 2});
        writer.submit(update(i));
    }
}

/// That a reader sees a whole prefix of what submit_updates() submits; \return its length.
std::int32_t check_prefix(const RunReader& reader) {
    const std::int32_t done = reader.status().updates_done;
    const std::vector<UpdateRow> updates = reader.rows<UpdateRow>();
    const std::vector<std::int32_t> samples = reader.update_samples();
    EXPECT_GE(updates.size(), static_cast<std::size_t>(done));
    EXPECT_GE(samples.size(), 3 * static_cast<std::size_t>(done));
    EXPECT_GE(reader.activation_rows(3), 3 * done);
    for (std::size_t i = 0; i < static_cast<std::size_t>(done); ++i) {
        EXPECT_EQ(updates[i].update, static_cast<std::int32_t>(i));
        EXPECT_EQ(samples[3 * i + 2], static_cast<std::int32_t>(i) + 2);
    }
    const Activations taps = reader.activations(3, 0, 3 * done);
    const std::vector<ActivationRows> packets = sample_activations(3);
    for (std::size_t i = 0; i < taps.samples.size(); ++i) {
        const ActivationRows& packet = packets[i / 3 % packets.size()];
        EXPECT_EQ(taps.samples[i], packet.samples[i % 3]);
        for (std::size_t value = 0; value < 7; ++value)
            EXPECT_EQ(taps.taps[1][7 * i + value], packet.taps[21 + 7 * (i % 3) + value]);
    }
    return done;
}

class WriterTest : public ::testing::Test {
  protected:
    TemporaryFolder folder_;
};

TEST_F(WriterTest, AProcessKilledWhileWritingLeavesEveryFlushedUpdate) {
    const std::filesystem::path path = folder_ / "run.h5";
    const pid_t child = in_child([&] {
        RecordParameters parameters;
        parameters.flush_s = 0.02;
        Writer writer(path, sample_layout(), parameters);
        submit_updates(writer, 0, 1 << 30);
        return 0;
    });
    for (std::int32_t done = 0; done <= 1000;) {  // the test's time limit ends it at the latest
        std::this_thread::sleep_for(10ms);
        try {
            done = RunReader(path, IncompleteRuns::Allow).status().updates_done;
        } catch (const Error&) {
            // not there yet
        }
    }
    kill(child, SIGKILL);
    ASSERT_EQ(result_of(child), -SIGKILL);

    try {
        const RunReader reader(path);
        FAIL() << "an incomplete run was accepted";
    } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find("is incomplete: the run was killed"),
                  std::string::npos)
            << error.what();
    }
    const RunReader reader(path, IncompleteRuns::Allow);
    EXPECT_TRUE(reader.incomplete());
    EXPECT_GT(check_prefix(reader), 1000);
}

TEST_F(WriterTest, AReaderFollowsAFileThatIsBeingWritten) {
    const std::filesystem::path path = folder_ / "run.h5";
    const pid_t child = in_child([&] {
        RecordParameters parameters;
        parameters.flush_s = 0.001;
        Writer writer(path, sample_layout(), parameters);
        for (std::int32_t i = 0; i < 50; ++i) {
            std::this_thread::sleep_for(10ms);
            submit_updates(writer, 100 * i, 100 * (i + 1));
        }
        writer.close(RunStatus::Finished);
        return 0;
    });
    int opened = 0;
    std::int32_t before = 0;
    bool finished = false;
    for (int attempt = 0; attempt < 2000 && !finished; ++attempt) {
        std::this_thread::sleep_for(5ms);
        try {
            const RunReader reader(path, IncompleteRuns::Allow);
            const std::int32_t done = check_prefix(reader);
            EXPECT_GE(done, before);
            before = done;
            finished = !reader.incomplete();
            ++opened;
        } catch (const Error&) {
            // not there yet, or locked for the moment in which it is created or closed
        }
    }
    EXPECT_EQ(result_of(child), 0);
    EXPECT_TRUE(finished);
    EXPECT_GT(opened, 1);
    EXPECT_EQ(before, 5000);
}

TEST_F(WriterTest, AFullDiskIsARecordErrorAtTheNextSubmit) {
    const std::filesystem::path path = folder_ / "run.h5";
    const std::filesystem::path errors = folder_ / "stderr";
    const pid_t child = in_child([&] {
        if (std::freopen(errors.c_str(), "w", stderr) == nullptr) return 3;
        signal(SIGXFSZ, SIG_IGN);  // beyond the limit write() then fails, as on a full disk
        const rlimit limit{24U << 20U, 24U << 20U};
        setrlimit(RLIMIT_FSIZE, &limit);
        RecordParameters parameters;
        parameters.queue_bytes = 1U << 16U;
        Writer writer(path, sample_layout(), parameters);
        try {
            submit_updates(writer, 0, 1 << 20);
        } catch (const RecordError& error) {
            const std::string what = error.what();
            if (what.find("File too large") == std::string::npos) return 4;
            if (what.find(path.string()) == std::string::npos) return 6;
            try {
                writer.close(RunStatus::Finished);
            } catch (const RecordError&) {
                return 0;
            }
        }
        return 5;
    });
    EXPECT_EQ(result_of(child), 0);
    // the library has nothing to add, not even at exit
    std::string text(1000, '\0');
    std::FILE* file = std::fopen(errors.c_str(), "r");
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    EXPECT_EQ(text, "");
    // whatever is left does not pretend to be whole
    EXPECT_THROW(RunReader{path}, Error);
}

TEST_F(WriterTest, APathThatCannotBeWrittenIsARecordErrorThatNamesIt) {
    try {
        const Writer writer("/proc/run.h5", sample_layout(), {});
        FAIL() << "wrote into /proc";
    } catch (const RecordError& error) {
        EXPECT_NE(std::string(error.what()).find("/proc/run.h5"), std::string::npos)
            << error.what();
    }
    EXPECT_THROW(Writer(folder_.path(), sample_layout(), {}), RecordError);
    EXPECT_THROW(Writer("/dev/full", sample_layout(), {}), RecordError);
    std::fclose(std::fopen((folder_ / "file").c_str(), "w"));
    EXPECT_THROW(Writer(folder_ / "file/run.h5", sample_layout(), {}), RecordError);
}

TEST_F(WriterTest, NothingIsLeftWhenTheFileCannotBeLaidOut) {
    RunLayout layout = sample_layout();
    layout.profile_names.assign(5000, "a name that is long enough to break the limit of 64 KiB");
    for (std::size_t i = 0; i < layout.profile_names.size(); ++i)
        layout.profile_names[i] += std::to_string(i);
    EXPECT_THROW(Writer(folder_ / "run.h5", layout, {}), RecordError);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run.h5"));
}

TEST_F(WriterTest, ABackboneNameThatCannotBeAPathIsAConfigError) {
    for (const char* name : {"a/b", "labels", "all", "b-fp32", "."}) {
        RunLayout layout = sample_layout();
        layout.backbones[1].name = name;
        EXPECT_THROW(Writer(folder_ / "run.h5", layout, {}), ConfigError) << name;
    }
}

TEST_F(WriterTest, TwoFilesOfTheSameRecordsAreEqualForH5diff) {
    if (std::system("command -v h5diff > /dev/null") != 0) GTEST_SKIP() << "h5diff is not there";
    for (const char* name : {"a.h5", "b.h5"}) {
        RecordParameters parameters;
        parameters.flush_s = name[0] == 'a' ? 0.001 : 5;  // nor does it matter when one flushes
        Writer writer(folder_ / name, sample_layout(), parameters);
        for (Record& record : sample_records()) writer.submit(std::move(record));
        writer.close(RunStatus::Finished);
        std::this_thread::sleep_for(1100ms);  // time stamps of HDF5 have seconds
    }
    const std::string folder = folder_.path().string();
    const auto compare = [&](const std::string& options) {
        return std::system(
            ("h5diff " + options + " " + folder + "/a.h5 " + folder + "/b.h5 > " + folder + "/out")
                .c_str());
    };
    EXPECT_EQ(compare("--exclude-path /host"), 0);
    EXPECT_EQ(compare("-c --exclude-path /host"), 0);  // nothing is "not comparable"
    EXPECT_NE(compare(""), 0) << "/host should differ: is h5diff comparing at all?";
}

TEST_F(WriterTest, AFullQueueIsWaitedForAndCounted) {
    RecordParameters parameters;
    parameters.queue_bytes = 1;  // one record at a time
    Writer writer(folder_ / "run.h5", sample_layout(), parameters);
    for (std::int32_t i = 0; i < 5000; ++i) writer.submit(update(i));
    writer.close(RunStatus::Finished);
    const WriterStatistics statistics = writer.statistics();
    EXPECT_GT(statistics.queue_waits, 0);
    EXPECT_GT(statistics.written_bytes, 5000 * 50);
    EXPECT_EQ(statistics.unflushed_records, 0);
    EXPECT_GT(statistics.busy_wall_s, 0);
    EXPECT_GT(statistics.cpu_s, 0);
    const RunReader reader(folder_ / "run.h5");
    EXPECT_EQ(reader.rows<UpdateRow>().size(), 5000U);
    EXPECT_EQ(reader.rows<HostRow>().back().queue_waits, statistics.queue_waits);
}

TEST_F(WriterTest, RecordsOfTheWrongSizeAreBugs) {
    Writer writer(folder_ / "run.h5", sample_layout(), {});
    ActivationRows packet = sample_activations(4)[0];
    packet.taps.pop_back();
    EXPECT_THROW(writer.submit(packet), Bug);
    packet = sample_activations(4)[0];
    packet.scales.clear();
    EXPECT_THROW(writer.submit(packet), Bug);
    packet = sample_activations(4)[0];
    packet.backbone = 5;
    EXPECT_THROW(writer.submit(packet), Bug);
    EvaluationTaps taps = sample_evaluation(0)[0];
    taps.samples[0] = 7;
    EXPECT_THROW(writer.submit(taps), Bug);
    EXPECT_THROW(writer.submit(TrainingGates{{1, 2, 3}}), Bug);
    EXPECT_THROW(writer.submit(Weights{WeightState::Final, "W_up.7", {}}), Bug);
    EXPECT_THROW(writer.submit(Weights{WeightState::Final, "W_dn.1", {1}}), Bug);
    EXPECT_THROW(writer.submit(Confusion{0, {1}}), Bug);
    EXPECT_THROW(writer.submit(Truth{2, {1}, {}}), Bug);
    writer.close(RunStatus::Finished);
    EXPECT_THROW(writer.submit(update(0)), Bug);
    EXPECT_THROW(writer.close(RunStatus::Finished), Bug);
}

TEST_F(WriterTest, AWriterThatIsNotClosedLeavesAnAbortedRun) {
    { Writer(folder_ / "run.h5", sample_layout(), {}).submit(update(0)); }
    const RunReader reader(folder_ / "run.h5", IncompleteRuns::Allow);
    EXPECT_EQ(reader.status().status, static_cast<std::int8_t>(RunStatus::Aborted));
    EXPECT_EQ(reader.status().updates_done, 1);
    EXPECT_EQ(reader.rows<UpdateRow>().size(), 1U);
}

TEST_F(WriterTest, AnEmptyRunIsAFileLikeAnyOther) {
    RunLayout layout;
    layout.classes = 1;
    Writer(folder_ / "run.h5", layout, {}).close(RunStatus::Finished);
    const RunReader reader(folder_ / "run.h5");
    EXPECT_TRUE(reader.rows<DeviceRow>().empty());
    EXPECT_TRUE(reader.update_samples().empty());
    EXPECT_TRUE(reader.training_gates().empty());
    EXPECT_TRUE(reader.layout().backbones.empty());
    EXPECT_TRUE(reader.evaluation_truth().labels.empty());
}

TEST_F(WriterTest, AFileThatWasThereIsReplacedAndItsReadersKeepTheOldOne) {
    const std::filesystem::path path = folder_ / "run.h5";
    const auto write = [&](std::int32_t count) {
        Writer writer(path, sample_layout(), {});
        for (std::int32_t i = 0; i < count; ++i) writer.submit(update(i));
        writer.close(RunStatus::Finished);
    };
    write(10);
    const RunReader old(path);
    write(20);
    EXPECT_EQ(old.rows<UpdateRow>().size(), 10U);
    EXPECT_EQ(RunReader(path).rows<UpdateRow>().size(), 20U);
}

TEST_F(WriterTest, FoldersOnTheWayAreMade) {
    Writer(folder_ / "a/b/run.h5", sample_layout(), {}).close(RunStatus::Finished);
    EXPECT_FALSE(RunReader(folder_ / "a/b/run.h5").incomplete());
}

TEST_F(WriterTest, SeveralThreadsMaySubmit) {
    Writer writer(folder_ / "run.h5", sample_layout(), {});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (std::int32_t i = 0; i < 5000; ++i) writer.submit(update(i));
        });
    for (std::thread& thread : threads) thread.join();
    writer.close(RunStatus::Finished);
    EXPECT_EQ(RunReader(folder_ / "run.h5").rows<UpdateRow>().size(), 20000U);
}

}  // namespace
}  // namespace mobi::test
