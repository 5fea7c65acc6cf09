#include "network/worker_link.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "op/json_rows.h"

namespace klein {
namespace {

struct Pair {
  std::shared_ptr<SharedMemory> memory = *WorkerLink::make_memory();
  WorkerLink engine{memory, WorkerLink::Side::engine}, worker{memory, WorkerLink::Side::worker};
};

TEST(WorkerLink, RowsAreReadWhereTheyLie) {
  Pair pair;
  const auto batch = *rows_from_json(R"([{"a": 1, "b": "x"}, {"a": 2, "b": null}])", "");
  const auto block = *pair.engine.put(batch);
  ASSERT_TRUE(pair.engine.send(Say::rows, 7, block));
  const auto message = pair.worker.receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->call, 7);
  const auto read = *pair.worker.rows(*message);
  EXPECT_TRUE(read.columns()->Equals(*batch.columns()));
  const auto* bytes = reinterpret_cast<const std::byte*>(read.columns()->column_data(0)->buffers[1]->data());
  EXPECT_GE(bytes, pair.memory->at(block.offset));
  EXPECT_LT(bytes, pair.memory->at(block.offset + block.size));
}

TEST(WorkerLink, ABlockIsUsedAgainOnceItsLastColumnIsGone) {
  Pair pair;
  const auto batch = *rows_from_json("[1, 2, 3]", "");
  std::int64_t first = 0;
  for (int round = 0; round < 100; ++round) {
    const auto block = *pair.engine.put(batch);
    auto column = (*pair.worker.rows({.offset = block.offset, .size = block.size})).columns()->column(0);
    const auto other = *pair.engine.put(batch);
    EXPECT_NE(other.offset, block.offset) << "a column is still in use";
    (void)*pair.worker.rows({.offset = other.offset, .size = other.size});
    if (round == 1) first = block.offset + other.offset;
    if (round > 1) EXPECT_EQ(block.offset + other.offset, first) << "memory grows";
  }
}

TEST(WorkerLink, RowNumbersTravelWithRows) {
  Pair pair;
  const auto batch = *(*rows_from_json("[1, 2, 3, 4]", "")).pick({3, 1, 1});
  const auto block = *pair.worker.put(batch);
  const auto read = *pair.engine.rows({.offset = block.offset, .size = block.size});
  EXPECT_EQ(*read.header().index, (std::vector<std::int64_t>{3, 1, 1}));
}

TEST(WorkerLink, DamagedMessagesAreRefused) {
  Pair pair;
  const auto block = *pair.engine.put(*rows_from_json("[1]", ""));
  for (const Message& message : {Message{.offset = -64, .size = 64}, Message{.offset = 1 << 20, .size = 1},
                                 Message{.offset = block.offset, .size = 64}, Message{.offset = block.offset + 1}}) {
    EXPECT_FALSE(pair.worker.rows(message).ok());
  }
}

TEST(WorkerLink, AFullRingTakesNoMore) {
  Pair pair;
  for (std::uint32_t sent = 0; sent < RingMemory::capacity; ++sent) ASSERT_TRUE(pair.engine.send(Say::rows, sent));
  EXPECT_FALSE(pair.engine.send(Say::rows, 0));
  EXPECT_EQ(pair.worker.receive()->call, 0);
  EXPECT_TRUE(pair.engine.send(Say::rows, 0));
}

TEST(WorkerLink, ErrorsKeepTheirCodeRowAndCause) {
  const auto sent = *error_from(to_bytes(Error(Code::invalid, "wrong \"thing\"\n").at_row("17"), "cause\nbytes"));
  EXPECT_EQ(sent.error.code(), Code::invalid);
  EXPECT_EQ(sent.error.message(), "wrong \"thing\"\n");
  EXPECT_EQ(sent.error.row(), "17");
  EXPECT_EQ(sent.cause, "cause\nbytes");
  EXPECT_FALSE(error_from("12").ok());
}

}  // namespace
}  // namespace klein
