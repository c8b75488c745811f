// SPDX-License-Identifier: Apache-2.0
// Every kind of mistake and the line that the user reads.
#include <cstdint>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/config_files.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using LoadErrorsTest = ConfigFiles;

TEST_F(LoadErrorsTest, AnUnknownKeyNamesTheNearest) {
    EXPECT_EQ(report("[server]\nbach = 3\n"),
              "test.cfg:3: server.bach = 3: unknown key; did you mean server.batch?");
    EXPECT_EQ(report("", {"device.tx2.memroy=4 GB"}),
              "--set: device.tx2.memroy = 4 GB: unknown key; did you mean device.tx2.memory?");
    EXPECT_EQ(report("", {"link.*.uplnk=4 MB/s"}),
              "--set: link.*.uplnk = 4 MB/s: unknown key; did you mean link.*.uplink?");
    EXPECT_EQ(report("[device]\nepoch = 2\n"),
              "test.cfg:3: device.epoch = 2: unknown key; did you mean device.epochs?");
}

TEST_F(LoadErrorsTest, TheRightNameInTheWrongSectionIsFound) {
    EXPECT_TRUE(contains(report("[optimizer]\nbottleneck = 3\n"), "did you mean side.bottleneck?"));
    EXPECT_TRUE(contains(report("bottleneck = 3\n"), "did you mean side.bottleneck?"));
}

TEST_F(LoadErrorsTest, AnUnknownSectionIsNamed) {
    EXPECT_EQ(report("[sever]\nbatch = 3\n"),
              "test.cfg:3: sever.batch = 3: unknown section; did you mean server.batch?");
    EXPECT_TRUE(contains(report("[zzzzzzzz]\nqqq = 3\n"), "unknown section; accepted: align, "));
}

TEST_F(LoadErrorsTest, AMissingUnitShowsTheUnits) {
    EXPECT_EQ(report("[link.wifi]\nuplink = 20\n"),
              "test.cfg:3: link.wifi.uplink = 20: accepted: a number above 0 with a unit: bit/s, "
              "kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, TB/s, or unknown; a band may follow: "
              "<figure> in <least> .. <most>");
    EXPECT_TRUE(contains(report("", {"server.step_overhead=200"}), "with a unit: ns, us, ms, s"));
    EXPECT_TRUE(contains(report("", {"device.tx2.memory=4 Mbit/s"}), "KiB, MiB, GiB"));
}

TEST_F(LoadErrorsTest, AnIllTypedValueShowsWhatIsAccepted) {
    EXPECT_EQ(report("[server]\nbatch = many\n"),
              "test.cfg:3: server.batch = many: accepted: an integer from 1 to 2147483647");
    EXPECT_EQ(report("", {"packet.labels=yes"}),
              "--set: packet.labels = yes: accepted: true | false");
    EXPECT_EQ(report("", {"forward.dtype=fp16"}),
              "--set: forward.dtype = fp16: accepted: fp32 | bf16");
    EXPECT_EQ(report("", {"data.alpha=0"}), "--set: data.alpha = 0: accepted: a number above 0");
    EXPECT_EQ(report("", {"packet.samples=0"}),
              "--set: packet.samples = 0: accepted: an integer from 1 to 2147483647");
}

TEST_F(LoadErrorsTest, AKeyGivenTwiceInAFileNamesBothLines) {
    EXPECT_EQ(report("[server]\nbatch = 3\n[eval]\nevery = 5\n[server]\nbatch = 4\n"),
              "test.cfg:7: server.batch = 4: given twice, first at test.cfg:3");
    EXPECT_TRUE(contains(report("server.batch = 3\n[server]\nbatch = 4\n"), "given twice"));
}

TEST_F(LoadErrorsTest, AllProblemsComeInOneReport) {
    const auto text =
        report("[server]\nbach = 3\nbatch = x\nbatch = 4\n", {"eval.every=-1", "noequals"});
    EXPECT_TRUE(contains(text, "the configuration has 5 problems\n  test.cfg:5: "));
    EXPECT_TRUE(contains(text, "\n  test.cfg:3: server.bach = 3: unknown key"));
    EXPECT_TRUE(contains(text, "\n  test.cfg:4: server.batch = x: accepted: an integer"));
    EXPECT_TRUE(contains(text, "\n  --set: eval.every = -1: accepted: an integer"));
    EXPECT_TRUE(contains(text, "\n  --set noequals: accepted: key=value"));
}

TEST_F(LoadErrorsTest, AReportHasAnEnd) {
    std::string many = "[server]\n";
    for (int i = 0; i < 10'000; ++i) many += "batch" + std::to_string(i) + " = 1\n";
    const auto text = report(many);
    EXPECT_TRUE(contains(text, "... and perhaps more"));
    EXPECT_LT(text.size(), 10'000u);
}

TEST_F(LoadErrorsTest, AMissingFileIsNamed) {
    try {
        load_config({folder_ / "no.cfg"}, {}, folder_);
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(contains(error.what(), (folder_ / "no.cfg").string() + ": no such file"));
    }
    EXPECT_EQ(report("include = gone.cfg\n"),
              "test.cfg:2: include = gone.cfg: gone.cfg: no such file");
    EXPECT_EQ(report("include = devices\n"),
              "test.cfg:2: include = devices: devices: not a regular file but a folder");
}

TEST_F(LoadErrorsTest, WhatIsNoTextFileIsRefusedBeforeItIsRead) {
    EXPECT_EQ(report("include = /dev/zero\n"),
              "test.cfg:2: include = /dev/zero: /dev/zero: not a regular file");
    ASSERT_EQ(::mkfifo((folder_ / "pipe.cfg").c_str(), 0600), 0);  // nobody writes to it
    EXPECT_EQ(report("include = pipe.cfg\n"),
              "test.cfg:2: include = pipe.cfg: pipe.cfg: not a regular file");
    write("large.cfg", "");
    std::filesystem::resize_file(folder_ / "large.cfg", std::uintmax_t{1} << 40);
    EXPECT_EQ(report("include = large.cfg\n"),
              "test.cfg:2: include = large.cfg: large.cfg: 1099511627776 bytes; accepted: up to "
              "16777216");
    write("wide.cfg", std::string("\xff\xfe[\0s\0]\0\n\0", 10));
    EXPECT_EQ(report("include = wide.cfg\n"),
              "test.cfg:2: include = wide.cfg: wide.cfg: is text in UTF-16, not text: iconv -f "
              "utf-16 -t utf-8 converts it");
}

TEST_F(LoadErrorsTest, LinesBelowAnUnreadableHeaderBelongToNoSection) {
    EXPECT_EQ(report("[device.t\u00e9]\nrate_fp32 = 1 TFLOP/s\n[server]\nbatch = 4\n"),
              "test.cfg:2: [device.t\u00e9]: accepted: [section] or [section.name], with letters a "
              "to z, digits, _, -, . and *; the lines below it are not looked at");
}

TEST_F(LoadErrorsTest, ControlCharactersAreReportedOnce) {
    EXPECT_EQ(report("\x01\x02\n\x03 = 4\n\x05\n"),
              "test.cfg:2: a control character is not accepted");
}

TEST_F(LoadErrorsTest, AnUpperLimitIsSaid) {
    EXPECT_EQ(report("", {"packet.samples=2147483648"}),
              "--set: packet.samples = 2147483648: accepted: an integer from 1 to 2147483647");
    EXPECT_EQ(report("", {"data.train_samples=1e3"}),
              "--set: data.train_samples = 1e3: accepted: all, or an integer from 1 to 2147483647");
    EXPECT_EQ(report("", {"run.seed=18446744073709551616"}),
              "--set: run.seed = 18446744073709551616: accepted: an integer from 0 to "
              "18446744073709551615");
    EXPECT_EQ(report("", {"server.deadline=1e15 h"}),
              "--set: server.deadline = 1e15 h: accepted: none, or at most 200 years (1752000 h)");
}

TEST_F(LoadErrorsTest, AnEmptyOutputIsRefused) {
    EXPECT_EQ(report("", {"run.output="}), "--set: run.output = : accepted: a path");
}

TEST_F(LoadErrorsTest, AnIncludeCycleIsNamed) {
    write("a.cfg", "include = b.cfg\n");
    write("b.cfg", "\ninclude = ./a.cfg\n");
    EXPECT_EQ(report("include = a.cfg\n"),
              "b.cfg:2: include = ./a.cfg: 'a.cfg' includes itself through this line");
    EXPECT_TRUE(contains(report("include = test.cfg\n"), "test.cfg:2: include = test.cfg"));
}

TEST_F(LoadErrorsTest, AnIncludeInsideASectionIsExplained) {
    EXPECT_TRUE(contains(report("[server]\ninclude = base.cfg\n"),
                         "include is accepted before the first section only"));
}

TEST_F(LoadErrorsTest, ZeroDevicesIsAnError) {
    EXPECT_EQ(report("", {"fleet.mix="}),
              "--set: fleet.mix = : zero devices; accepted: <device>:<count> between blanks, e.g. "
              "jetson_tx2:34");
    EXPECT_TRUE(contains(report("", {"fleet.mix=", "fleet.devices=5"}), "zero devices"));
    EXPECT_TRUE(contains(report("", {"fleet.mix=tx2:0"}), "counts from 1"));
    write("empty.cfg", "[data]\ntrain = a\ntest = b\n");
    try {
        load_config({folder_ / "empty.cfg"}, {}, folder_);
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(
            contains(shorten(error.what()), "empty.cfg: fleet.mix is not set: zero devices"));
    }
}

TEST_F(LoadErrorsTest, AnUnknownDeviceLinkOrBackboneNamesTheNearest) {
    EXPECT_EQ(report("[fleet]\nmix = tx3:1\n"),
              "test.cfg:3: fleet.mix = tx3:1: no device 'tx3' in devices; did you mean 'tx2'?");
    EXPECT_TRUE(contains(report("", {"fleet.links=tx2:wify nx:lte"}),
                         "no link 'wify' in links; did you mean 'wifi'?"));
    EXPECT_TRUE(contains(report("", {"fleet.backbones=tx2:resnet nx:big"}), "known: big, small"));
}

TEST_F(LoadErrorsTest, AMisspeltClassInAnAssignmentIsFoundDespiteTheStar) {
    EXPECT_TRUE(contains(report("", {"fleet.links=tx22:wifi *:lte"}), "no device 'tx22'"));
}

TEST_F(LoadErrorsTest, AClassWithoutLinkOrBackboneIsNamed) {
    EXPECT_EQ(report("", {"fleet.links=tx2:wifi"}),
              "--set: fleet.links = tx2:wifi: device class 'nx' has no link; accepted: nx:<link>");
    EXPECT_TRUE(contains(report("", {"fleet.backbones=nx:big"}),
                         "device class 'tx2' has no backbone; accepted: tx2:<backbone>"));
}

TEST_F(LoadErrorsTest, AnOverrideThatWouldDoNothingIsAnError) {
    EXPECT_EQ(report("", {"fleet.mix=nx:1", "device.tx2.memory=1 GB"}),
              "--set: device.tx2.memory = 1 GB: the fleet has no device 'tx2'; accepted: nx");
    EXPECT_EQ(
        report("", {"availability.night.from=1 h"}),
        "--set: availability.night.from = 1 h: the fleet has no availability 'night'; accepted: "
        "what fleet.availability names");
}

TEST_F(LoadErrorsTest, WhatSharesOrComesAndGoesNeedsItsFigures) {
    EXPECT_TRUE(
        contains(report("", {"link.wifi.cell_devices=4"}), "link.wifi.cell_uplink is not set"));
    EXPECT_TRUE(contains(report("", {"fleet.availability=*:x", "availability.x.kind=trace"}),
                         "availability.x.trace is not set: accepted: a file of lines"));
    EXPECT_TRUE(contains(report("", {"fleet.availability=*:x", "availability.x.from=25 h"}),
                         "accepted: a time of the day, up to 24 h"));
    EXPECT_TRUE(
        contains(report("", {"fleet.availability=*:nowhere"}), "no availability 'nowhere'"));
    EXPECT_TRUE(contains(report("", {"link.wifi.loss=1"}), "accepted: a number from 0 to 0.99"));
    EXPECT_TRUE(contains(report("", {"server.enough=0"}), "accepted: a number from 0.001 to 1"));
}

TEST_F(LoadErrorsTest, AMisspeltSectionOfAnEntryIsAnError) {
    EXPECT_EQ(
        report("[device.tx22]\nmemory = 1 GB\n"),
        "test.cfg:3: device.tx22.memory = 1 GB: no device 'tx22' in devices; did you mean 'tx2'?");
    // whereas one that the catalogue knows, or that is whole, may wait for its fleet
    EXPECT_EQ(report("[device.tx2]\nmemory = 1 GB\n", {"fleet.mix=nx:1"}), "accepted");
    EXPECT_EQ(report("[link.mine]\nuplink = 1 MB/s\ndownlink = 1 MB/s\n"), "accepted");
}

TEST_F(LoadErrorsTest, AFigureThatATimeNeedsMustBeKnown) {
    EXPECT_EQ(report("", {"device.tx2.memory=unknown"}),
              "--set: device.tx2.memory = unknown: no figure is known: set one");
    EXPECT_TRUE(contains(report("[link.mine]\nuplink = 1 MB/s\n", {"fleet.links=*:mine"}),
                         "test.cfg: link.mine.downlink is not set: no figure is known: set one"));
    EXPECT_TRUE(
        contains(report("", {"backbone.small.weight_dtype=fp32"}),
                 "device.tx2.rate_fp32 is not set: neither this rate nor one that stands for it"));
}

TEST_F(LoadErrorsTest, AnEntryOfTheCatalogueDefinesItselfAlone) {
    write("devices/tx2.cfg", "include = nx.cfg\n[device.nx]\nmemory = 1 GB\n[server]\nbatch = 2\n");
    const auto text = report("");
    EXPECT_TRUE(contains(text,
                         "devices/tx2.cfg:1: include = nx.cfg: an entry of the catalogue "
                         "defines [device.tx2] alone"));
    EXPECT_TRUE(contains(text, "devices/tx2.cfg:3: device.nx.memory = 1 GB: an entry"));
    EXPECT_TRUE(contains(text, "devices/tx2.cfg:5: server.batch = 2: an entry"));
}

TEST_F(LoadErrorsTest, AMistakeInTheCatalogueIsReportedThere) {
    write("links/wifi.cfg", "[link.wifi]\nuplink = 20\ndownlink = 20 Mbit/s\nupink = 1 B/s\n");
    const auto text = report("");
    EXPECT_TRUE(contains(text, "links/wifi.cfg:2: link.wifi.uplink = 20: accepted: a number"));
    EXPECT_TRUE(contains(text,
                         "links/wifi.cfg:4: link.wifi.upink = 1 B/s: unknown key; did you mean "
                         "link.wifi.uplink?"));
    EXPECT_FALSE(contains(text, "no figure is known"));  // not a second time
}

TEST_F(LoadErrorsTest, AMistakeInARunOfAnExperimentIsFoundBeforeTheFirst) {
    const std::string runs =
        "[runs]\na = --set server.bach=1\nb = --set server.batch=x\nc = \"open\nd = --set oops\n";
    const auto text = report(runs);
    EXPECT_TRUE(contains(text, "test.cfg:3: a: server.bach = 1: unknown key"));
    EXPECT_TRUE(contains(text, "test.cfg:4: b: server.batch = x: accepted: an integer"));
    EXPECT_TRUE(contains(text, "test.cfg:5: c = \"open: a closing quote is missing"));
    EXPECT_TRUE(contains(text, "test.cfg:6: d = --set oops: --set oops: accepted: key=value"));
    EXPECT_THROW(list_runs(write("runs.cfg", runs)), ConfigError);
}

TEST_F(LoadErrorsTest, ALineEndInAnOverrideIsRefused) {
    EXPECT_TRUE(contains(report("", {"data.train=a\nb"}), "a line end is not accepted"));
}

TEST_F(LoadErrorsTest, AResolvedTextHasNoInclude) {
    try {
        parse_resolved("include = base.cfg\n");
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(
            contains(error.what(), "/config:1: include = base.cfg: a resolved configuration"));
        EXPECT_EQ(error.exit_code(), 2);
    }
}

TEST_F(LoadErrorsTest, AMissingFileIsTheOnlyProblemThatIsReported) {
    try {
        load_config({"no_such.cfg"}, {}, "configs");
        FAIL() << "loaded a file that is not there";
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(), "no_such.cfg: no such file");
    }
}

}  // namespace
}  // namespace mobi::test
