// SPDX-License-Identifier: Apache-2.0
#include "fleet/task_book.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

DeviceTask task(std::int64_t id, std::size_t parts = 1) {
    DeviceTask one;
    one.id = TaskId(id);
    one.device = DeviceId(3);
    one.parts.resize(parts);
    return one;
}

TEST(TaskBookTest, ATaskIsFoundUntilItIsRetired) {
    RandomStream random(1, Purpose::Test);
    TaskBook book;
    std::map<std::int64_t, std::int32_t> slots;
    std::int32_t most = 0;
    for (std::int64_t id = 0; id < 2000; ++id) {
        const std::size_t parts = 1 + random.below(4);
        const std::int32_t slot = book.add(task(id, parts));
        EXPECT_EQ(book.task(slot).task.id, TaskId(id));
        EXPECT_EQ(book.task(slot).open, static_cast<std::int32_t>(parts));
        EXPECT_EQ(book.task(slot).fetched + book.task(slot).computed + book.task(slot).untold, 0);
        EXPECT_EQ(book.task(slot).next, -1);
        EXPECT_FALSE(book.task(slot).recalled);
        slots[id] = slot;
        most = std::max(most, slot);
        book.task(slot).fetched = 7;  // what the next tenant must not see
        book.task(slot).recalled = true;
        while (slots.size() > 5) {
            const auto gone =
                std::next(slots.begin(), static_cast<std::ptrdiff_t>(random.below(slots.size())));
            book.retire(gone->second);
            EXPECT_EQ(book.find(TaskId(gone->first)), -1);
            slots.erase(gone);
        }
        for (const auto& [other, its] : slots) EXPECT_EQ(book.find(TaskId(other)), its);
    }
    EXPECT_LT(most, 6) << "memory is not used again";
    EXPECT_EQ(book.find(TaskId(99'999)), -1);
}

TEST(TaskBookTest, AnIdThatIsThereIsABug) {
    TaskBook book;
    const std::int32_t slot = book.add(task(4));
    EXPECT_THROW(book.add(task(4)), Bug);
    book.retire(slot);
    EXPECT_NO_THROW(book.add(task(4)));
}

// What waits for a job knows its version: that of the next in the same place is another.
TEST(TaskBookTest, AJobThatEndsMakesStaleWhatWaitsForIt) {
    TaskBook book;
    const std::int32_t slot = book.add(task(1));
    std::map<std::int32_t, std::uint32_t> last;
    for (int i = 0; i < 100; ++i) {
        const std::int32_t job = book.begin_job(slot, i);
        EXPECT_EQ(book.job(job).slot, slot);
        EXPECT_EQ(book.job(job).part, i);
        EXPECT_EQ(book.job(job).charges.up_bytes, 0);
        EXPECT_EQ(book.job(job).next, -1);
        if (const auto before = last.find(job); before != last.end()) {
            EXPECT_GT(book.job(job).version, before->second);
        }
        last[job] = book.job(job).version;
        book.job(job).charges.up_bytes = 9;
        book.end_job(job);
        EXPECT_EQ(book.job(job).slot, -1);
        EXPECT_GT(book.job(job).version, last[job]);
    }
    EXPECT_EQ(last.size(), 1U) << "memory is not used again";
}

// Lines against queues: pushed, popped, and taken from by task.
TEST(TaskBookTest, ALineKeepsTheOrderOfItsJobs) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        TaskBook book;
        std::vector<std::int32_t> slots;
        for (std::int64_t id = 0; id < 4; ++id) slots.push_back(book.add(task(id)));
        Line line;
        std::deque<std::int32_t> plain;
        for (int step = 0; step < 200; ++step) {
            const std::int32_t slot = slots[random.below(4)];
            const auto of_slot = [&](std::int32_t job) { return book.job(job).slot == slot; };
            switch (random.below(8)) {
                case 0: {
                    if (plain.empty()) break;
                    ASSERT_EQ(book.pop(line), plain.front());
                    book.end_job(plain.front());
                    plain.pop_front();
                    break;
                }
                case 1: {
                    std::vector<std::int32_t> expected;
                    std::copy_if(plain.begin(), plain.end(), std::back_inserter(expected), of_slot);
                    ASSERT_EQ(book.take(line, slot), expected);
                    std::erase_if(plain, of_slot);
                    for (const std::int32_t job : expected) book.end_job(job);
                    break;
                }
                default: {
                    const std::int32_t job = book.begin_job(slot, step);
                    book.push(line, job);
                    plain.push_back(job);
                }
            }
            ASSERT_EQ(line.first < 0, plain.empty());
            ASSERT_EQ(line.first < 0, line.last < 0);
            if (!plain.empty()) {
                ASSERT_EQ(line.first, plain.front());
                ASSERT_EQ(line.last, plain.back());
            }
        }
        const std::vector<std::int32_t> all = book.take(line, kAllTasks);
        EXPECT_EQ(all, std::vector<std::int32_t>(plain.begin(), plain.end()));
        EXPECT_LT(line.first, 0);
    }
}

}  // namespace
}  // namespace mobi::test
