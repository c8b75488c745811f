// SPDX-License-Identifier: Apache-2.0
#include "record/run_output.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.hpp"
#include "record/run_reader.hpp"
#include "record/sample_run.hpp"
#include "record/temporary_folder.hpp"
#include "record/writer.hpp"

namespace mobi::test {
namespace {

using namespace record;
namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What `function` throws: "<exit code>: <text>", or nothing.
std::string refusal(const std::function<void()>& function) {
    try {
        function();
    } catch (const Error& error) {
        return std::to_string(error.exit_code()) + ": " + error.what();
    }
    return "";
}

/// A process that holds `path` until it is told to end, or is killed.
class Holder {
  public:
    explicit Holder(const fs::path& path) {
        std::array<int, 2> ready{};
        if (pipe(ready.data()) != 0 || pipe(go_.data()) != 0) std::abort();
        std::fflush(nullptr);
        child_ = fork();
        if (child_ == 0) {
            close(go_[1]);
            try {
                const Output output(path);
                [[maybe_unused]] auto written = write(ready[1], "h", 1);
                char letter = 0;
                [[maybe_unused]] auto read_bytes = read(go_[0], &letter, 1);
            } catch (const Error&) {
                _exit(1);
            }
            _exit(0);  // after the Output is gone
        }
        close(ready[1]);
        char letter = 0;
        EXPECT_EQ(read(ready[0], &letter, 1), 1);
        close(ready[0]);
        close(go_[0]);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    Holder(Holder&&) = delete;
    Holder& operator=(Holder&&) = delete;
    ~Holder() { end(); }

    void end() {
        if (child_ == 0) return;
        close(go_[1]);
        waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    void die() {
        kill(child_, SIGKILL);
        end();
    }

  private:
    std::array<int, 2> go_{};
    pid_t child_ = 0;
};

class OutputTest : public ::testing::Test {
  protected:
    fs::path write(const char* name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return folder_ / name;
    }
    /// A finished run file without rows.
    fs::path run_file(const char* name) const {
        Writer(folder_ / name, sample_layout(), {}).close(RunStatus::Finished);
        return folder_ / name;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> list;
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            list.push_back(entry.path().filename().string());
        std::sort(list.begin(), list.end());
        return list;
    }
    /// That check_output() and Output refuse it alike; \return the words.
    static std::string refused(const fs::path& path) {
        const std::string words = refusal([&] { check_output(path); });
        EXPECT_EQ(refusal([&] { const Output output(path); }), words) << path;
        EXPECT_NE(words, "") << path;
        return words;
    }

    TemporaryFolder folder_;
};

TEST_F(OutputTest, WhatIsNoRunFileStaysAsItIs) {
    const std::string text = "a\tb\n";
    const fs::path hdf5 = folder_ / "other.h5";
    prepare_hdf5();
    H5Fclose(H5Fcreate(hdf5.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    const std::string other = content(hdf5);
    for (const fs::path& path : {write("train.tsv", text), write("empty.h5", ""),
                                 write("cut.h5", other.substr(0, 60)), hdf5}) {
        const std::string before = content(path);
        EXPECT_EQ(refused(path).find("2: run.output: " + path.string() + " is there already"), 0U);
        EXPECT_EQ(content(path), before);
    }
    EXPECT_EQ(names().size(), 4U) << "left something behind";
}

TEST_F(OutputTest, WhatIsNoRegularFileStaysAsItIs) {
    const fs::path pipe = folder_ / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_NE(refused(pipe).find("5: create run file"), std::string::npos);
    EXPECT_NE(refused(pipe).find("it is a pipe"), std::string::npos);
    EXPECT_TRUE(fs::is_fifo(pipe));
    EXPECT_NE(refused(folder_.path()).find("it is a folder"), std::string::npos);
    EXPECT_NE(refused(folder_ / "new/").find("it is a folder"), std::string::npos);
    const fs::path device = folder_ / "nul";
    if (mknod(device.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) return;  // takes root
    EXPECT_NE(refused(device).find("it is a device"), std::string::npos);
    EXPECT_TRUE(fs::is_character_file(device));
}

TEST_F(OutputTest, ALinkIsJudgedByWhatItLeadsTo) {
    const fs::path link = folder_ / "link.h5";
    fs::create_symlink(write("text", "precious"), link);
    EXPECT_NE(refused(link).find("no run file"), std::string::npos);
    EXPECT_EQ(content(folder_ / "text"), "precious");

    fs::remove(link);
    fs::create_symlink(run_file("old.h5"), link);
    Writer(link, sample_layout(), {}).close(RunStatus::Aborted);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(RunReader(folder_ / "old.h5", IncompleteRuns::Allow).status().status,
              static_cast<std::int8_t>(RunStatus::Aborted));

    fs::remove(link);
    fs::create_symlink("later/new.h5", link);  // leads to nothing yet
    Writer(link, sample_layout(), {}).close(RunStatus::Finished);
    EXPECT_TRUE(fs::is_regular_file(folder_ / "later/new.h5"));

    fs::remove(link);
    fs::create_symlink(link, link);
    EXPECT_EQ(refused(link).substr(0, 2), "5:");
}

TEST_F(OutputTest, AWriteProtectedRunStays) {
    const fs::path path = run_file("run.h5");
    fs::permissions(path, fs::perms::owner_read);
    EXPECT_NE(refused(path).find("2: run.output: " + path.string() + " is write-protected"),
              std::string::npos);
    EXPECT_FALSE(RunReader(path).incomplete());
}

TEST_F(OutputTest, NoShellExpandsThePath) {
    for (const char* path : {"~/run.h5", "~user/run.h5", "$HOME/run.h5", "a/${USER}/run.h5"})
        EXPECT_NE(refused(path).find("are not expanded"), std::string::npos) << path;
    EXPECT_EQ(refusal([&] { check_output(folder_ / "a~b$.h5"); }), "");
    EXPECT_EQ(refusal([] { check_output("./~run.h5"); }), "");
}

TEST_F(OutputTest, NoFileIsAFolderOnTheWay) {
    EXPECT_NE(refused(write("plain", "") / "a/run.h5").find("plain is not a folder"),
              std::string::npos);
    EXPECT_NE(refused("").find("run.output is empty"), std::string::npos);
    check_output(folder_ / "a/b/run.h5");
    EXPECT_FALSE(fs::exists(folder_ / "a")) << "check_output() made a folder";
}

TEST_F(OutputTest, ASecondWriterIsRefusedUntilTheFirstHasEnded) {
    const fs::path path = run_file("two.h5");
    fs::create_symlink("two.h5", folder_ / "alias.h5");
    Holder first(path);
    for (const char* name : {"two.h5", "alias.h5"}) {
        EXPECT_TRUE(is_being_written(folder_ / name));
        EXPECT_EQ(refusal([&] { const Output second(folder_ / name); })
                      .find("5: run.output: " + (folder_ / name).string() +
                            " is being written by another process"),
                  0U);
    }
    EXPECT_FALSE(RunReader(path).incomplete());
    first.end();
    EXPECT_FALSE(is_being_written(path));
    EXPECT_EQ(refusal([&] { const Output second(path); }), "");
    EXPECT_EQ(names(), (std::vector<std::string>{"alias.h5", "two.h5"}));
}

TEST_F(OutputTest, TwoWritersOfOneProcessAreTwo) {
    const Writer first(folder_ / "run.h5", sample_layout(), {});
    EXPECT_THROW(Writer(folder_ / "run.h5", sample_layout(), {}), RecordError);
    EXPECT_NO_THROW(Writer(folder_ / "other.h5", sample_layout(), {}));
}

TEST_F(OutputTest, TheLockOfADeadProcessIsTakenOver) {
    Holder first(folder_ / "run.h5");
    first.die();
    EXPECT_EQ(names(), std::vector<std::string>{".run.h5.lock"});
    run_file("run.h5");
    EXPECT_EQ(names(), std::vector<std::string>{"run.h5"});
}

TEST_F(OutputTest, ALockFileWithContentIsNotOursToRemove) {
    write(".run.h5.lock", "somebody's");
    run_file("run.h5");
    EXPECT_EQ(content(folder_ / ".run.h5.lock"), "somebody's");
}

// Many processes at once, over and over: never do two hold the place.
TEST_F(OutputTest, OnlyOneHoldsThePlaceAtATime) {
    const fs::path witness = write("witness", "");
    std::vector<pid_t> children;
    std::fflush(nullptr);
    for (int child = 0; child < 4; ++child) {
        children.push_back(fork());
        if (children.back() != 0) continue;
        int held = 0;
        // each gets in once at least, however busy the machine is
        for (int i = 0; i < 400 || (held == 0 && i < 1'000'000); ++i) try {
                const Output output(folder_ / "run.h5");
                const int file = open(witness.c_str(), O_RDWR);
                if (flock(file, LOCK_EX | LOCK_NB) != 0) _exit(2);  // another one is in here
                ++held;
                close(file);
            } catch (const RecordError&) {
            }
        _exit(held > 0 ? 0 : 1);
    }
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
    EXPECT_EQ(names(), std::vector<std::string>{"witness"});
}

TEST_F(OutputTest, AFinishedRunOutlivesASuccessorThatCannotBegin) {
    const fs::path path = run_file("run.h5");
    const std::string before = content(path);
    RunLayout layout = sample_layout();
    layout.backbones[1].name = "a/b";
    EXPECT_THROW(Writer(path, layout, {}), ConfigError);
    layout = sample_layout();
    layout.profile_names.assign(5000, std::string(60, 'x'));  // beyond the limit of a type
    for (std::size_t i = 0; i < layout.profile_names.size(); ++i)
        layout.profile_names[i] += std::to_string(i);
    EXPECT_THROW(Writer(path, layout, {}), RecordError);
    EXPECT_EQ(content(path), before);
    EXPECT_EQ(names(), std::vector<std::string>{"run.h5"});
}

TEST_F(OutputTest, WhatComesToThePlaceMeanwhileStays) {
    Output output(folder_ / "run.h5");
    output.begin();
    write("run.h5", "somebody else's");
    EXPECT_THROW(output.publish(), ConfigError);
    EXPECT_EQ(content(folder_ / "run.h5"), "somebody else's");
}

}  // namespace
}  // namespace mobi::test
