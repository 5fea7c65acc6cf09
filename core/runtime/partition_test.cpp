#include "runtime/partition.h"

#include <gtest/gtest.h>

#include <map>

#include "op/json_rows.h"

namespace klein {
namespace {

Batch rows() { return *rows_from_json(R"([{"k": 1}, {"k": 2}, {"k": 1}, {"k": 3}, {"k": 4}, {"k": 2}, {"k": 5}])"); }

TEST(Partition, rows_of_one_key_go_to_one_task_and_none_is_lost) {
  for (const int tasks : {1, 2, 3, 7}) {
    Partition partition({"k"}, tasks);
    const auto parts = partition.split(rows());
    ASSERT_TRUE(parts.ok()) << parts.error().text();
    std::map<std::string, int> task_of_row;
    std::size_t count = 0;
    for (const auto& [task, batch] : *parts) {
      EXPECT_LT(task, tasks);
      const auto json = *rows_to_json({batch});
      for (const auto& row : json) {
        EXPECT_EQ(task_of_row.try_emplace(row, task).first->second, task) << row;
        ++count;
      }
    }
    EXPECT_EQ(count, 7U);
  }
}

TEST(Partition, rows_of_a_state_go_to_the_task_that_has_their_group) {
  const auto state =
      *rows_from_json(R"([{"group": 0}, {"group": 359}, {"group": 360}, {"group": 719}])", "group: int32");
  EXPECT_EQ(
      *rows_to_json(*rows_of_task({state}, 0, 2)), (std::vector<std::string>{R"({"group":0})", R"({"group":359})"}));
  EXPECT_EQ(
      *rows_to_json(*rows_of_task({state}, 1, 2)), (std::vector<std::string>{R"({"group":360})", R"({"group":719})"}));
  EXPECT_FALSE(rows_of_task({rows()}, 0, 2).ok());  // its first column is no key group
}

}  // namespace
}  // namespace klein
