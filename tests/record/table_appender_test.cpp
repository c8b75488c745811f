// SPDX-License-Identifier: Apache-2.0
#include "record/table_appender.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "hdf5/stored_array.hpp"
#include "record/random_rows.hpp"
#include "record/sample_run.hpp"
#include "record/temporary_folder.hpp"

namespace mobi::test {
namespace {

using namespace record;

class TableAppenderTest : public ::testing::Test {
  protected:
    TableAppenderTest()
        : file_(
              (prepare_hdf5(),
               H5Fcreate((folder_ / "table.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)),
              "create") {}

    /// An empty table with chunks of `chunk_rows`.
    TableAppender table(std::int64_t chunk_rows) {
        const Table& uploads = table_of<UploadRow>();
        create_growing(file_.get(), std::string(uploads.path),
                       packed_type(uploads, sample_layout()), 0, chunk_rows)
            .close("close");
        return {file_.get(), uploads};
    }

    /// The rows of the file, as it stores them.
    std::vector<std::byte> stored() const {
        const StoredArray array(file_.get(), "/uploads", "table.h5");
        std::vector<std::byte> bytes(static_cast<std::size_t>(array.rows()) *
                                     H5Tget_size(array.type()));
        array.read(array.type(), 0, array.rows(), bytes.data());
        return bytes;
    }

    TemporaryFolder folder_;
    File file_;
};

// However rows are dealt to append() and whatever flush() comes between, the file has their bits,
// packed, in order.
TEST_F(TableAppenderTest, PortionsAndFlushesLeaveNoTrace) {
    for (std::uint32_t round = 0; round < 12; ++round) {
        SCOPED_TRACE(round);
        RandomStream stream(3, Purpose::Test, round);
        if (round > 0) check_hdf5(H5Ldelete(file_.get(), "/uploads", H5P_DEFAULT), "delete");
        TableAppender appender = table(static_cast<std::int64_t>(1 + stream.below(40)));
        const auto rows = random_rows<UploadRow>(stream, 300);
        std::size_t flushed = 0;
        for (std::size_t first = 0; first < rows.size();) {
            const auto part =
                std::min<std::size_t>(stream.below(90), rows.size() - first);  // often none
            appender.append(std::span(rows).subspan(first, part));
            first += part;
            EXPECT_EQ(appender.rows(), static_cast<std::int64_t>(first));
            if (stream.below(3) != 0) continue;
            appender.flush();
            flushed = first;
            EXPECT_EQ(stored(), bits_of(std::span(rows).first(flushed)));
        }
        appender.close();
        EXPECT_EQ(stored(), bits_of(rows));
    }
}

TEST_F(TableAppenderTest, MoreRowsThanItPacksAtOnceStayInOrder) {
    RandomStream stream(4, Purpose::Test);
    const auto rows = random_rows<UploadRow>(stream, 9001);  // it packs 4096 at once
    TableAppender appender = table(1024);
    appender.append(std::span(rows));
    appender.close();
    EXPECT_EQ(stored(), bits_of(rows));
    EXPECT_GE(appender.written_bytes(),
              static_cast<std::int64_t>(rows.size() * table_of<UploadRow>().packed_bytes()));
}

TEST_F(TableAppenderTest, NoRowsWriteNothing) {
    TableAppender appender = table(16);
    appender.append(std::span<const UploadRow>());
    appender.flush();
    appender.close();
    EXPECT_EQ(appender.rows(), 0);
    EXPECT_EQ(appender.written_bytes(), 0);
    EXPECT_TRUE(stored().empty());
}

TEST_F(TableAppenderTest, AFlushWithoutNewRowsWritesNothing) {
    RandomStream stream(5, Purpose::Test);
    TableAppender appender = table(16);
    const auto rows = random_rows<UploadRow>(stream, 3);
    appender.append(std::span(rows));
    appender.flush();
    const std::int64_t before = appender.written_bytes();
    EXPECT_GT(before, 0);
    appender.flush();
    EXPECT_EQ(appender.written_bytes(), before);
}

TEST_F(TableAppenderTest, ATableThatIsNotThereIsARecordErrorThatNamesIt) {
    try {
        const TableAppender appender(file_.get(), table_of<TaskRow>());
        FAIL() << "opened a table that is not there";
    } catch (const RecordError& error) {
        EXPECT_NE(std::string(error.what()).find("/tasks"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace mobi::test
