#include "data/codec.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace klein {

extern const char* const source_folder;  // tests/golden/where.cpp

namespace {

Batch sample() {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  for (int i = 0; i < 3; ++i) {
    KLEIN_ASSERT(ids.Append(i).ok());
    KLEIN_ASSERT((i == 1 ? names.AppendNull() : names.Append("row " + std::to_string(i))).ok());
  }
  const auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
  Header header{.split = std::make_shared<const std::string>("photos/3.parquet#2"), .split_order = 3, .row = 17};
  header.index = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{17, 19, 20});
  header.priority = 4;
  return Batch(arrow::RecordBatch::Make(schema, 3, {*ids.Finish(), *names.Finish()}), std::move(header));
}

void expect_same(const Batch& read, const Batch& written) {
  EXPECT_TRUE(read.columns()->Equals(*written.columns()));
  EXPECT_EQ(read.row_id(1), written.row_id(1));
  EXPECT_EQ(read.header().split_order, written.header().split_order);
  EXPECT_EQ(read.header().deadline, written.header().deadline);
  EXPECT_EQ(read.header().priority, written.header().priority);
}

TEST(Codec, reads_back_rows_and_header) { expect_same(*decode(*encode(sample())), sample()); }

TEST(Codec, writes_only_the_rows_of_a_slice) {
  const auto read = *decode(*encode(sample().slice(1, 2)));
  EXPECT_EQ(read.rows(), 2);
  EXPECT_EQ(read.row_id(0), "photos/3.parquet#2:19");
}

TEST(Codec, refuses_every_single_damaged_byte_and_every_cut) {
  const auto bytes = *encode(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(decode(damaged).ok()) << "byte " << i;
    EXPECT_FALSE(decode(BytesView(bytes).substr(0, i)).ok()) << "cut at " << i;
  }
}

TEST(Codec, names_a_version_that_it_does_not_know) {
  auto bytes = *encode(sample());
  bytes[3] = 9;
  EXPECT_NE(decode(bytes).error().message().find("version 9"), std::string::npos);
}

TEST(Codec, reads_what_version_1_wrote) {
  std::ifstream file(std::string(source_folder) + "/docs/formats/batch-v1.golden", std::ios::binary);
  std::ostringstream golden;
  golden << file.rdbuf();
  const auto read = decode(golden.str());
  ASSERT_TRUE(read.ok()) << read.error().text();
  expect_same(*read, sample());
}

}  // namespace
}  // namespace klein
