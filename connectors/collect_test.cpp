#include "connectors/collect.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <thread>

#include "op/registry.h"

namespace klein {
void register_collect(Registry& registry);
void register_discard(Registry& registry);
namespace {

class Counter final : public Wakeable {
 public:
  void wake() override { ++woken; }
  int woken = 0;
};

Batch row(std::int64_t value, std::int64_t split_order = 0) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.Append(value).ok());
  Header header;
  header.row = value;
  header.split_order = split_order;
  return Batch(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}), 1, {*builder.Finish()}), header);
}

std::unique_ptr<Writer> writer_into(const std::shared_ptr<Collector>& collector, const Context& context) {
  Registry registry;
  register_collect(registry);
  const auto* kind = registry.find_sink("collect");
  const auto params = Params::make(kind->params, {{"collector", Value::Handle(collector)}});
  EXPECT_TRUE(params.ok());
  auto writer = *(*kind->make(*params))->open(0, std::nullopt);
  EXPECT_TRUE(writer->open(context).ok());
  return writer;
}

TEST(collect, gives_the_rows_in_the_order_of_the_source_whatever_the_order_they_came_in) {
  const auto collector = std::make_shared<Collector>();
  auto writer = writer_into(collector, {});
  for (const auto& batch : {row(7, 1), row(9, 0), row(3, 1), row(2, 0)}) ASSERT_TRUE(writer->write(batch).ok());
  writer.reset();
  std::vector<std::int64_t> order;
  for (const auto& batch : collector->all()) order.push_back(batch.row_number(0));
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 9, 3, 7}));
}

TEST(collect, holds_the_writer_back_while_it_is_full_and_wakes_it_when_there_is_room) {
  const auto collector = std::make_shared<Collector>(2);
  const auto counter = std::make_shared<Counter>();
  Context context;
  context.waker = Waker(counter);
  const auto writer = writer_into(collector, context);
  EXPECT_EQ(*writer->write(row(0)), Progress::done);
  EXPECT_EQ(*writer->write(row(1)), Progress::pending);
  EXPECT_EQ(*writer->resume(), Progress::pending);  // woken by something else
  EXPECT_EQ(counter->woken, 0);
  EXPECT_EQ(collector->next()->row_number(0), 0);
  EXPECT_GE(counter->woken, 1);
  EXPECT_EQ(*writer->resume(), Progress::done);
}

TEST(collect, ends_when_the_last_writer_is_gone_and_not_before) {
  const auto collector = std::make_shared<Collector>();
  auto first = writer_into(collector, {}), second = writer_into(collector, {});
  ASSERT_TRUE(first->write(row(1)).ok());
  first.reset();
  EXPECT_TRUE(collector->next().has_value());
  std::thread taker([&] { EXPECT_FALSE(collector->next().has_value()); });
  second.reset();
  taker.join();
}

TEST(collect, refuses_what_is_no_collector) {
  Registry registry;
  register_collect(registry);
  const auto* kind = registry.find_sink("collect");
  EXPECT_EQ(kind->make(*Params::make(kind->params, {{"collector", 1}})).error().message(),
            "collect wants a collector, not an integer");
}

TEST(discard, takes_every_row) {
  Registry registry;
  register_discard(registry);
  const auto* kind = registry.find_sink("discard");
  const auto writer = *(*kind->make(*Params::make(kind->params, {})))->open(0, std::nullopt);
  EXPECT_EQ(*writer->write(row(1)), Progress::done);
  EXPECT_EQ(**writer->prepare(Epoch{1}), "");
}

}  // namespace
}  // namespace klein
