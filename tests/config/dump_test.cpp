// SPDX-License-Identifier: Apache-2.0
#include "config/dump.hpp"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "config/ini.hpp"
#include "core/rng.hpp"
#include "core/text.hpp"
#include "support/contains.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

using DumpTest = ConfigFiles;

/// Random values of every kind; a key takes those that it accepts.
class RandomValues {
  public:
    explicit RandomValues(std::uint64_t seed) : stream_(seed, Purpose::Test) {}

    std::uint64_t below(std::uint64_t bound) { return stream_.below(bound); }

    template <typename Owner>
    std::string of(const Key<Owner>& key) {
        while (true) {
            const std::string value = any(key.accepted);
            Owner scratch{};
            if (key.read(scratch, value)) return value;
        }
    }

  private:
    std::string any(const std::string& accepted) {
        switch (stream_.below(8)) {
            case 0:
                return fmt::format("{}", stream_.below(4096));
            case 1:
                return fmt::format("{}", stream_.next_u64());
            case 2:
                return fmt::format("{}", stream_.uniform() * (stream_.below(2) != 0 ? 1 : 100));
            case 3:
                return fmt::format("{} {}", stream_.uniform() * 1000, pick(accepted, " ,:"));
            case 4:
                return fmt::format("{} mW per {}", stream_.uniform() * 100,
                                   stream_.below(2) != 0 ? "Mbit/s" : "kB/s");
            case 5:
                return pick(accepted, " |,");
            case 6: {
                const double value = stream_.uniform() * 1000;
                return fmt::format("{1} {0} in {2} .. {3} {0}", pick(accepted, " ,:"), value,
                                   value * stream_.uniform(), value / stream_.uniform());
            }
            default:
                return text();
        }
    }

    std::string pick(const std::string& text, std::string_view separators) {
        std::vector<std::string> words{""};
        for (const char c : text)
            if (separators.find(c) != std::string_view::npos)
                words.emplace_back();
            else
                words.back() += c;
        return words[stream_.below(words.size())];
    }

    std::string text() {
        constexpr std::string_view kLetters = "ab/. #\"\\'=[]*\t\xc3\xa9-_%$";
        std::string text;
        for (auto length = stream_.below(12); length > 0; --length)
            text += kLetters[stream_.below(kLetters.size())];
        return text;
    }

    RandomStream stream_;
};

// load(dump(c)) = c for random changes of any keys.
TEST_F(DumpTest, GivesBackTheConfigurationExactly) {
    int accepted = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        RandomValues random(seed);
        std::vector<std::string> overrides;
        const auto change = [&](const auto& keys, const std::string& prefix) {
            const auto& key = keys[random.below(keys.size())];
            // fleet.* name entries: they are changed by the tests of load_config()
            if (key.name.starts_with("fleet.")) return;
            overrides.push_back(prefix + key.name + "=" + quote_value(random.of(key)));
        };
        for (auto count = random.below(8); count > 0; --count) change(run_keys(), "");
        change(device_keys(), random.below(2) != 0 ? "device.tx2." : "device.*.");
        change(link_keys(), "link.lte.");
        change(backbone_keys(), random.below(2) != 0 ? "backbone.big." : "backbone.");
        RunConfig config;
        try {
            config = load("", overrides);
        } catch (const ConfigError& error) {
            // refused between keys, never for a value that its own key accepts
            EXPECT_FALSE(contains(error.what(), "accepted: a number")) << error.what();
            continue;
        }
        ++accepted;
        const std::string text = dump(config);
        const RunConfig again = parse_resolved(text);
        expect_same(again, config);
        EXPECT_EQ(dump(again), text);
        if (seed % 50 == 0)
            expect_same(load_config({write("dump.cfg", text)}, {}, folder_ / "empty"), config);
        if (HasFailure()) FAIL() << text;
    }
    EXPECT_GT(accepted, 200);
}

TEST_F(DumpTest, HasEveryKeyButThoseOfTheHost) {
    const std::string text = "\n" + dump(load("", {"run.output=secret.h5", "run.threads=7"}));
    for (const auto& key : run_keys()) {
        const auto name = key.name.substr(key.name.find('.') + 1);
        EXPECT_TRUE(key.host_only || contains(text, "\n" + name + " =")) << key.name;
    }
    EXPECT_FALSE(contains(text, "secret"));
    EXPECT_FALSE(contains(text, "threads"));
    const auto again = parse_resolved(text);
    EXPECT_EQ(again.run.threads, 0);
    EXPECT_EQ(again.run.output, RunParameters{}.output);
}

TEST_F(DumpTest, DoesNotDependOnHowAValueWasWritten) {
    EXPECT_EQ(dump(load("", {"link.wifi.uplink=20 Mbit/s"})),
              dump(load("", {"link.wifi.uplink=2500 kB/s"})));
}

TEST(PrintDefaultsTest, IsTheFileOfTheProject) {
    std::ifstream file(source_path("configs/defaults.cfg"), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text, print_defaults()) << "write it again: build/release/src/app/fedmobillm check "
                                         "--print-defaults > configs/defaults.cfg";
}

TEST_F(DumpTest, TheDefaultsChangeNothing) {
    write("defaults.cfg", print_defaults());
    expect_same(load("", {"server.epochs=3"}),
                load_config({folder_ / "defaults.cfg", folder_ / "base.cfg"}, {"server.epochs=3"},
                            folder_));
}

}  // namespace
}  // namespace mobi::test
