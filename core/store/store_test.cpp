// One suite for every store: what holds in memory holds on disk, and behind faults that do not fire.

#include "store/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "store/faulty_store.h"

namespace klein {
namespace {

struct Case {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::string& folder)> make;
};

class AnyStore : public ::testing::TestWithParam<Case> {
 protected:
  AnyStore() {
    std::string pattern = (std::filesystem::temp_directory_path() / "klein-store-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    store = GetParam().make(folder);
  }
  ~AnyStore() override { std::filesystem::remove_all(folder); }
  std::string folder;
  std::unique_ptr<Store> store;
};

TEST_P(AnyStore, gives_back_what_was_put_and_nothing_for_what_was_not) {
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(store->put("job/one", bytes).ok());
  EXPECT_EQ(**store->read("job/one"), bytes);
  ASSERT_TRUE(store->put("job/one", "").ok());
  EXPECT_EQ(**store->read("job/one"), "");
  EXPECT_FALSE(store->read("job/two")->has_value());
}

TEST_P(AnyStore, creates_a_key_once) {
  EXPECT_TRUE(*store->create("slot", "first"));
  EXPECT_FALSE(*store->create("slot", "second"));
  EXPECT_EQ(**store->read("slot"), "first");
}

TEST_P(AnyStore, lets_exactly_one_of_many_creators_win) {
  for (int round = 0; round < 20; ++round) {
    const auto key = "slot" + std::to_string(round);
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] { winners += *store->create(key, std::to_string(i)) ? 1 : 0; });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(winners.load(), 1);
  }
}

TEST_P(AnyStore, lists_by_prefix_in_order_and_forgets_what_was_removed) {
  for (const auto* key : {"b/2", "b/10", "a", "b/1/x"}) ASSERT_TRUE(store->put(key, "x").ok());
  EXPECT_EQ(*store->list("b/"), (std::vector<std::string>{"b/1/x", "b/10", "b/2"}));
  ASSERT_TRUE(store->remove("b/10").ok());
  ASSERT_TRUE(store->remove("b/10").ok());
  EXPECT_EQ(*store->list(""), (std::vector<std::string>{"a", "b/1/x", "b/2"}));
}

TEST_P(AnyStore, refuses_keys_that_could_leave_its_folder) {
  for (const auto* key : {"", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "a b"}) {
    EXPECT_FALSE(store->put(key, "x").ok()) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, AnyStore,
    ::testing::Values(Case{"memory", [](const std::string&) { return make_memory_store(); }},
                      Case{"directory", [](const std::string& folder) { return *make_directory_store(folder); }}),
    [](const auto& chosen) { return chosen.param.name; });

TEST(FaultyStore, loses_answers_after_the_work_is_done_and_counts_what_fired) {
  const auto memory = make_memory_store();
  FaultyStore store(*memory, {.answer_lost = 100}, 1);
  EXPECT_FALSE(store.create("slot", "mine").ok());
  EXPECT_EQ(**memory->read("slot"), "mine");
  EXPECT_EQ(store.fired(), 1);
}

TEST(FaultyStore, refuses_before_anything_is_done) {
  const auto memory = make_memory_store();
  FaultyStore store(*memory, {.refused = 100}, 1);
  EXPECT_EQ(store.put("slot", "mine").error().code(), Code::unavailable);
  EXPECT_FALSE(memory->read("slot")->has_value());
}

TEST(DirectoryStore, is_claimed_by_one_at_a_time_and_not_by_a_process_forked_from_it) {
  const auto folder = std::filesystem::temp_directory_path() / ("klein-claim-" + std::to_string(::getpid()));
  auto first = *make_directory_store(folder);
  EXPECT_TRUE(*first->claim());
  EXPECT_FALSE(*(*make_directory_store(folder))->claim());
  const auto child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  first.reset();
  EXPECT_TRUE(*(*make_directory_store(folder))->claim());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::filesystem::remove_all(folder);
}

TEST(DirectoryStore, removes_what_was_left_half_written_when_it_is_claimed) {
  const auto folder = std::filesystem::temp_directory_path() / ("klein-left-" + std::to_string(::getpid()));
  auto store = *make_directory_store(folder);
  ASSERT_TRUE(store->put("batches/1", "whole").ok());
  std::ofstream(folder / "batches/.2.77.0") << "half";
  ASSERT_TRUE(*store->claim());
  EXPECT_FALSE(std::filesystem::exists(folder / "batches/.2.77.0"));
  EXPECT_TRUE(std::filesystem::exists(folder / "batches/1"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace klein
