// SPDX-License-Identifier: Apache-2.0
#include "config/key_names.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

TEST(FindKeyTest, EveryKeyIsFoundUnderItsName) {
    for (const auto& key : run_keys()) {
        const auto target = find_key(key.name);
        ASSERT_TRUE(target) << key.name;
        EXPECT_EQ(target->run, &key);
    }
    for (const EntryKind kind :
         {EntryKind::Device, EntryKind::Link, EntryKind::Backbone, EntryKind::Availability})
        for (const std::string& name : entry_key_names(kind)) {
            const std::string section(section_of(kind));
            for (const char* entry : {"tx2", "A-b_3", "*"}) {
                const std::string full = section + "." + entry + "." + name;
                const auto target = find_key(full);
                ASSERT_TRUE(target) << full;
                EXPECT_EQ(target->run, nullptr);
                EXPECT_EQ(target->kind, kind);
                EXPECT_EQ(target->entry, entry);
                EXPECT_EQ(target->name, name);
            }
            const auto of_all = find_key(section + "." + name);
            ASSERT_TRUE(of_all) << section << " " << name;
            EXPECT_EQ(of_all->entry, "");
            EXPECT_EQ(of_all->name, name);
        }
}

TEST(FindKeyTest, NothingElseIsAKey) {
    for (const char* key :
         {"", ".", "server", "server.", ".batch", "server.batch.", "server.x.batch", "server.Batch",
          "device.a b.memory", "device..memory", "device.a.b.memory", "device.tx2.epochs",
          "device.tx2.uplink", "link.memory", "devices.tx2.memory", "device.**.memory",
          "device.tx2.memory ", "runs.a", "include"})
        EXPECT_FALSE(find_key(key)) << key;
}

// A letter that is missing, doubled or wrong: the nearest key is no farther away than the one that
// was meant, so that some key is named, and that very one where no other is as near.
TEST(ExplainUnknownKeyTest, ASlipOfTheFingerNamesAKey) {
    int meant = 0, slips = 0;
    const auto check = [&](const std::string& key, const std::string& slip) {
        if (find_key(slip)) return;
        const std::string words = explain_unknown_key(slip);
        ASSERT_TRUE(contains(words, "did you mean ")) << slip;
        const std::size_t at = words.find("did you mean ") + 13;
        const std::string named = words.substr(at, words.find('?') - at);
        EXPECT_TRUE(find_key(named)) << slip << ": " << words;
        ++slips;
        meant += named == key;
    };
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            const std::string full = prefix.empty() || prefix == "device."
                                         ? prefix + key.name
                                         : prefix + "x." + key.name;
            const std::size_t last = full.rfind('.') + 1;
            if (full.size() - last < 5) continue;  // too short to say what was meant
            for (std::size_t i = last; i < full.size(); ++i) {
                std::string missing = full, doubled = full, wrong = full;
                missing.erase(i, 1);
                doubled.insert(i, 1, full[i]);
                wrong[i] = 'q';
                for (const std::string& slip : {missing, doubled, wrong}) check(full, slip);
            }
        }
    });
    EXPECT_GT(slips, 3000);
    EXPECT_GT(meant, slips * 9 / 10) << "of " << slips;
}

TEST(ExplainUnknownKeyTest, SaysWhetherSectionOrKeyIsUnknown) {
    EXPECT_EQ(explain_unknown_key("server.bach"), "unknown key; did you mean server.batch?");
    EXPECT_EQ(explain_unknown_key("sever.batch"), "unknown section; did you mean server.batch?");
    EXPECT_EQ(explain_unknown_key("server.zzzzzzzzzzzz"), "unknown key of section [server]");
    EXPECT_EQ(explain_unknown_key("serverr.zzzzzzzzzzzz"),
              "unknown section; did you mean [server]?");
    EXPECT_TRUE(contains(explain_unknown_key("zzzzzzzz.qqqqqqqq"), "unknown section; accepted: "));
    EXPECT_EQ(explain_unknown_key("zzzzzzzzzzzz"), "unknown key; accepted: section.key");
    EXPECT_EQ(explain_unknown_key("server.include"),
              "include is accepted before the first section only");
}

TEST(ExplainUnknownKeyTest, TheFormOfAnEntryIsKept) {
    EXPECT_EQ(explain_unknown_key("link.my-lte.uplnk"),
              "unknown key; did you mean link.my-lte.uplink?");
    EXPECT_EQ(explain_unknown_key("link.*.uplnk"), "unknown key; did you mean link.*.uplink?");
    EXPECT_EQ(explain_unknown_key("link.uplnk"), "unknown key; did you mean link.uplink?");
}

TEST(ExplainUnknownKeyTest, ALongKeyIsNotCompared) {
    const std::string key = "server." + std::string(100'000, 'b');
    EXPECT_EQ(explain_unknown_key(key), "unknown key of section [server]");
}

}  // namespace
}  // namespace mobi::test
