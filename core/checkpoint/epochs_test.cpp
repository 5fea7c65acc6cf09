#include "checkpoint/epochs.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

using Splits = std::map<std::string, std::vector<Split>>;

Split at(const std::string& id, const std::string& position, std::int64_t skip = 0) {
  return {.id = id, .position = position, .skip = skip};
}

const Splits two = {{"read", {at("a", ""), at("b", "")}}};

TaskSnapshot reading(const Split& split) { return {.reading = {{"read", {split}}}}; }
TaskSnapshot has_read(const std::string& id) { return {.read = {{"read", {id}}}}; }
TaskSnapshot staged(const std::string& token) { return {.tokens = {{"write", "sink", token}}}; }

std::vector<std::string> tokens_of(const Manifest& manifest) {
  std::vector<std::string> all;
  for (const auto& token : manifest.tokens) all.push_back(token.bytes);
  return all;
}

TEST(Epochs, keep_a_split_until_a_reader_says_how_far_it_is) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {reading(at("a", "5", 2)), {}});
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("a", "5", 2), at("b", "")}}}));
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  epochs.stored(0, Epoch{2}, {has_read("a"), {}});
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("b", "")}}}));
}

TEST(Epochs, wait_for_every_task_that_ran_when_they_began) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0, 1});
  epochs.stored(0, Epoch{1}, {});
  EXPECT_EQ(epochs.verdict(true), Verdict::wait);
  epochs.stored(1, Epoch{1}, {});
  EXPECT_EQ(epochs.verdict(true), Verdict::seal);
  EXPECT_EQ(epochs.verdict(false), Verdict::discard);
}

TEST(Epochs, count_a_task_that_ends_before_its_cut) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.gone(0, Epoch{1}, has_read("a"));
  EXPECT_EQ(epochs.verdict(true), Verdict::seal);
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("b", "")}}}));
}

TEST(Epochs, leave_what_a_task_did_after_its_cut_to_the_next_epoch) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.gone(0, Epoch{2}, staged("after"));  // it may end before its cut is stored
  EXPECT_EQ(epochs.verdict(true), Verdict::wait);
  epochs.stored(0, Epoch{1}, {staged("before"), {}});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"before"}));
  epochs.sealed();
  epochs.begin(Epoch{2}, {});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"after"}));
}

TEST(Epochs, know_the_states_of_tasks_that_have_ended) {
  Epochs epochs(two, {}, true);
  epochs.gone(0, Epoch{1}, {.states = {{"limit", Value(0)}}});
  for (int epoch = 1; epoch < 3; ++epoch) {
    epochs.begin(Epoch{epoch}, {});
    EXPECT_EQ(epochs.manifest().states, (std::map<std::string, std::vector<Value>>{{"limit", {Value(0)}}}));
    epochs.sealed();
  }
}

TEST(Epochs, carry_what_was_read_and_staged_for_an_epoch_that_is_given_up_but_not_its_batches) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  auto first = staged("one");
  first.read = {{"read", {"a"}}};
  first.states = {{"limit", Value(1)}};
  epochs.stored(0, Epoch{1}, {first, {{"x>y:0", {{.key = "k"}}}}});
  epochs.write_failed();
  EXPECT_EQ(epochs.verdict(true), Verdict::discard);
  epochs.discarded();
  epochs.begin(Epoch{2}, {0});
  auto second = staged("two");
  second.states = {{"limit", Value(2)}};
  epochs.stored(0, Epoch{2}, {second, {}});
  const auto manifest = epochs.manifest();
  EXPECT_EQ(tokens_of(manifest), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(manifest.splits, (Splits{{"read", {at("b", "")}}}));
  EXPECT_EQ(manifest.states, (std::map<std::string, std::vector<Value>>{{"limit", {Value(2)}}}));
  EXPECT_TRUE(manifest.in_flight.empty());
}

TEST(Epochs, hold_tokens_until_the_last_epoch_where_epochs_do_not_commit) {
  Epochs epochs(two, {{"write", "sink", "earlier"}}, false);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {staged("one"), {}});
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"earlier", "one"}));
}

TEST(Epochs, commit_a_token_with_one_epoch_only) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {staged("one"), {}});
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  EXPECT_TRUE(epochs.manifest().tokens.empty());
}

}  // namespace
}  // namespace klein
