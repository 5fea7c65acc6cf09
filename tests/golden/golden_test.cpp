// The four views of the plans in plans/*.json, made of kinds for tests: every rule and every exchange.

#include "tests/golden/golden_test.h"

#include "plan/fake_kinds_test.h"

namespace klein {
namespace {

Result<Facts> facts_of(const Plan& plan, const Value& given) {
  Facts facts{
      .cores = static_cast<int>(*given.find("cores")->get<std::int64_t>()), .wish = {}, .splits = {}, .bounded = {}};
  if (const auto* mode = given.find("mode")) facts.wish = *mode == Value("batch") ? Mode::batch : Mode::stream;
  for (const auto& step : plan.steps) {
    const auto* kind = fake_kinds().find_source(step.kind);
    const auto source = kind ? KLEIN_TRY(kind->make(step.params)) : nullptr;
    facts.splits.push_back(source ? static_cast<std::int64_t>(KLEIN_TRY(source->splits()).size()) : 0);
    facts.bounded.push_back(!source || source->bounded());
  }
  return facts;
}

Result<std::string> views(const Value& given) {
  const auto logical = KLEIN_TRY(plan_from_json(to_json(*given.find("plan")), fake_kinds()));
  const auto better = KLEIN_TRY(optimized(logical, fake_kinds()));
  const auto facts = KLEIN_TRY(facts_of(better, given));
  const auto execution = KLEIN_TRY(execution_view(better, facts, fake_kinds()));
  return golden::views(logical, better, execution, place(execution, facts.cores, 256 << 20));
}

TEST(Golden, every_plan_has_the_views_that_its_file_shows) { golden::expect_views("plans", 8, views); }

}  // namespace
}  // namespace klein
