#include "plan/rule_test.h"
#include "plan/views.h"

namespace klein {
namespace {

ExecutionView view_of(const std::string& steps, int cores, std::optional<Mode> wish = std::nullopt) {
  const auto plan = plan_of_steps(steps);
  Facts facts{.cores = cores, .wish = wish, .splits = {}, .bounded = {}};
  for (const auto& step : plan.steps) {
    const auto* kind = fake_kinds().find_source(step.kind);
    const auto source = kind ? *kind->make(step.params) : nullptr;
    facts.splits.push_back(source ? static_cast<std::int64_t>(source->splits()->size()) : 0);
    facts.bounded.push_back(!source || source->bounded());
  }
  auto view = execution_view(plan, facts, fake_kinds());
  EXPECT_TRUE(view.ok()) << (view.ok() ? "" : view.error().text());
  return view.ok() ? *view : ExecutionView();
}

/// "read select x2 | write x1"
std::string chains(const ExecutionView& view) {
  std::string text;
  for (const auto& chain : view.chains) {
    text += text.empty() ? "" : " | ";
    for (const int step : chain.steps) text += view.plan.steps[static_cast<std::size_t>(step)].kind + " ";
    text += "x" + std::to_string(chain.parallelism);
  }
  return text;
}

std::string read(int splits) {
  return R"({"kind": "read_table", "params": {"splits": )" + std::to_string(splits) + "}},";
}
const std::string select_a = R"({"kind": "select", "params": {"columns": ["a"]}},)";
const std::string decode = R"({"kind": "decode", "params": {"column": "a", "into": "x"}},)";
const std::string resize = R"({"kind": "resize", "params": {"column": "x", "into": "x"}},)";
const std::string limit = R"({"kind": "limit", "params": {"count": 5}},)";
const std::string write = R"({"kind": "write"})";

TEST(ExecutionView, a_source_with_enough_splits_shares_its_tasks_with_the_slow_steps) {
  const auto view = view_of(read(9) + select_a + decode + resize + write, 4);
  EXPECT_EQ(chains(view), "read_table select decode resize x4 | write x1");
  EXPECT_EQ(view.links.front().exchange, Exchange::rebalance);
  EXPECT_EQ(view.chains[1].lane, Lane::light);
}

TEST(ExecutionView, a_source_with_few_splits_hands_its_rows_to_a_slow_chain_on_all_cores) {
  const auto view = view_of(read(2) + select_a + decode + resize + write, 4);
  EXPECT_EQ(chains(view), "read_table select x2 | decode resize x4 | write x1");
  EXPECT_EQ(view.links.front().exchange, Exchange::rebalance);
}

TEST(ExecutionView, without_slow_steps_all_is_one_chain_with_a_task_a_split) {
  EXPECT_EQ(chains(view_of(read(2) + select_a + write, 4)), "read_table select write x2");
  EXPECT_EQ(chains(view_of(read(0) + select_a + write, 4)), "read_table select write x1");
}

TEST(ExecutionView, a_step_that_counts_over_all_rows_has_one_task_and_never_waits_for_a_slow_one) {
  EXPECT_EQ(chains(view_of(read(9) + limit + select_a + write, 4)), "read_table x4 | limit select write x1");
  for (const int cores : {1, 4}) {
    const auto x = "x" + std::to_string(cores);
    EXPECT_EQ(chains(view_of(read(9) + decode + limit + write, cores)), "read_table decode " + x + " | limit write x1");
    const auto slow_after = chains(view_of(read(9) + limit + decode + write, cores));
    EXPECT_NE(slow_after.find("| decode " + x + " | write x1"), std::string::npos) << slow_after;
  }
}

TEST(ExecutionView, a_sink_that_wants_one_writer_begins_its_chain_behind_many_tasks) {
  const std::string append = R"({"kind": "append"})";
  EXPECT_EQ(chains(view_of(read(9) + select_a + append, 4)), "read_table select x4 | append x1");
  EXPECT_EQ(chains(view_of(read(1) + select_a + append, 4)), "read_table select append x1");
}

TEST(ExecutionView, quick_steps_share_the_chain_of_a_source_that_never_ends) {
  const auto view = view_of(R"({"kind": "poll"},)" + select_a + write, 2);
  EXPECT_EQ(chains(view), "poll select x2 | write x1");
  EXPECT_EQ(view.mode, Mode::stream);
  EXPECT_EQ(view.chains[0].lane, Lane::compute);
}

TEST(ExecutionView, polling_never_waits_for_a_slow_step) {
  const auto view = view_of(R"({"kind": "poll"},)" + decode + write, 2);
  EXPECT_EQ(chains(view), "poll x2 | decode x2 | write x1");
  EXPECT_EQ(view.chains[0].lane, Lane::light);
  EXPECT_EQ(view.links.front().exchange, Exchange::forward);
}

TEST(ExecutionView, dead_letters_and_second_readers_get_chains_of_their_own) {
  const auto view =
      view_of(read(2) + R"({"kind": "decode", "params": {"column": "a", "into": "x", "on_error": "dead_letter"}},)" +
                  write + R"(, {"kind": "append", "inputs": ["decode.errors"]})",
              2);
  EXPECT_EQ(chains(view), "read_table decode x2 | write x1 | append x1");
  ASSERT_EQ(view.links.size(), 2U);
  EXPECT_EQ(view.links[1].edge, (Edge{1, Port::errors}));
  EXPECT_EQ(view.links[1].from_chain, 0);
  const auto forked = view_of(read(2) + select_a + write + R"(, {"kind": "append", "inputs": ["select"]})", 2);
  EXPECT_EQ(chains(forked), "read_table select x2 | write x1 | append x1");
}

TEST(ExecutionView, a_flow_joined_with_itself_has_two_links_and_two_ports) {
  const auto view = view_of(read(2) + R"({"kind": "union", "inputs": ["read_table", "read_table"]},)" + write, 2);
  EXPECT_EQ(chains(view), "read_table x2 | union write x2");
  ASSERT_EQ(view.links.size(), 2U);
  EXPECT_EQ(view.links[0].to_port, 0);
  EXPECT_EQ(view.links[1].to_port, 1);
}

TEST(ExecutionView, readers_cut_batches_to_what_a_slow_step_likes_however_far_behind) {
  EXPECT_EQ(view_of(read(9) + decode + write, 2).chains[0].read_size.rows, 32);
  EXPECT_EQ(view_of(read(1) + decode + write, 2).chains[0].read_size.rows, 32);
  EXPECT_EQ(view_of(read(1) + limit + decode + write, 2).chains[0].read_size.rows, 32);
  EXPECT_EQ(view_of(read(1) + write, 2).chains[0].read_size.rows, ReadSize().rows);
}

TEST(ExecutionView, bounded_sources_make_a_batch_unless_a_stream_is_wished) {
  EXPECT_EQ(view_of(read(1) + write, 1).mode, Mode::batch);
  EXPECT_EQ(view_of(read(1) + write, 1, Mode::stream).mode, Mode::stream);
}

TEST(ExecutionView, a_batch_of_a_source_that_never_ends_is_refused) {
  const auto plan = plan_of_steps(R"({"kind": "poll", "name": "clicks"},)" + write);
  const auto view =
      execution_view(plan, {.cores = 1, .wish = Mode::batch, .splits = {2, 0}, .bounded = {false, true}}, fake_kinds());
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.error().text(),
            "step 'clicks': this source never ends, so it can't run as a batch; bound it or leave the mode out");
}

TEST(ExecutionView, placing_gives_each_chain_its_tasks) {
  const auto physical = place(view_of(read(9) + decode + write, 3), 3, 1 << 20);
  EXPECT_EQ(physical.tasks.size(), 4U);
  EXPECT_EQ(physical.tasks.back().chain, 1);
  EXPECT_EQ(physical.compute_threads, 3);
}

}  // namespace
}  // namespace klein
