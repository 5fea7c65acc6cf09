#include "checkpoint/protocol.h"

#include <gtest/gtest.h>

#include <vector>

namespace klein {
namespace {

struct Case {
  const char* what;
  EpochFacts facts;
  Verdict verdict;
};

TEST(Protocol, judges_an_epoch_by_its_facts) {
  const std::vector<Case> cases = {
      {"nobody has answered", {.expected = 2}, Verdict::wait},
      {"one has", {.expected = 2, .stored = 1}, Verdict::wait},
      {"all have", {.expected = 2, .stored = 2}, Verdict::seal},
      {"no task runs any more", {}, Verdict::seal},
      {"a write failed", {.expected = 2, .stored = 1, .write_failed = true}, Verdict::discard},
      {"a write failed and all have answered", {.expected = 2, .stored = 2, .write_failed = true}, Verdict::discard},
      {"the job was left", {.expected = 2, .stored = 2, .running = false}, Verdict::discard},
      {"sealed, with tokens to commit", {.running = false, .sealed = true, .commits = true}, Verdict::commit},
      {"sealed and committed", {.sealed = true, .commits = true, .committed = true}, Verdict::done},
      {"sealed, its tokens held", {.sealed = true}, Verdict::done},
      {"sealed though a write failed", {.write_failed = true, .sealed = true}, Verdict::done},
  };
  for (const auto& [what, facts, verdict] : cases) EXPECT_EQ(judge(facts), verdict) << what;
}

}  // namespace
}  // namespace klein
