// The laws: what every registered kind owes, checked by the examples of its own row. However the input is cut into
// batches and splits, at every parallelism, on threads and on the seeded executor, the same rows come out; a kind whose
// rows depend on order declares the invariant that holds instead. A new kind is under the laws by being registered.
// `infer` has no example in its row, since a model is a file: it gets some here, with a model of this process's own.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "api/klein.h"
#include "base/random.h"
#include "connectors/collect.h"
#include "inference/tiny_model_test.h"
#include "op/gathering.h"
#include "op/json_rows.h"
#include "op/run_operator.h"

namespace klein {
namespace {

/// Splits of batches, as a seed cut them.
struct Cut final : public Object {
  Schema schema;
  std::vector<std::vector<Batch>> splits;
  std::string text() const override { return "cut"; }
};

class CutReader final : public SplitReader {
 public:
  CutReader(const std::vector<Batch>& batches, std::size_t next) : batches_(batches), next_(next) {}
  Result<Pulled> pull(const Context&) override {
    if (next_ == batches_.size()) return Pulled{};
    const auto& batch = batches_[next_++];
    return Pulled{Pulled::What::rows, batch, std::to_string(next_)};
  }

 private:
  const std::vector<Batch>& batches_;
  std::size_t next_;
};

class CutSource final : public Source {
 public:
  explicit CutSource(std::shared_ptr<const Cut> cut) : cut_(std::move(cut)) {}
  bool bounded() const override { return true; }
  Schema schema() const override { return cut_->schema; }
  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    for (std::size_t i = 0; i < cut_->splits.size(); ++i) {
      splits.push_back({.id = "split " + std::to_string(i), .position = "", .order = static_cast<std::int64_t>(i)});
    }
    return splits;
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize) const override {
    const auto next = split.position.empty() ? 0 : std::stoul(split.position);
    return std::make_unique<CutReader>(cut_->splits[static_cast<std::size_t>(split.order)], next);
  }

 private:
  const std::shared_ptr<const Cut> cut_;
};

/// `out` = the entry of a table of three at `index`; the model itself fails where there is none.
test::TinyModel table_model(std::int64_t rows = -1) {
  return {.nodes = {{"Gather", {"table", "index"}, {"out"}}},
          .inputs = {{"index", test::onnx_int64, {rows}}},
          .outputs = {{"out", test::onnx_float, {rows, 2}}},
          .constants = {{"table", {3, 2}, {10, 11, 20, 21, 30, 31}}}};
}

std::vector<Example> examples_of_infer() {
  static const test::TemporaryFile any(table_model().bytes()), four_rows_a_call(table_model(4).bytes());
  const auto example = [](const test::TemporaryFile& file, const std::string& more) {
    return Example{.params = R"({"model": ")" + file.path() + R"(", "inputs": {"index": "at"})" + more + "}",
                   .in = R"([{"at": 2}, {"at": 0}, {"at": 1}, {"at": 0}, {"at": 2}])",
                   .out = R"([{"at": 2, "out": [30.0, 31.0]}, {"at": 0, "out": [10.0, 11.0]},
                              {"at": 1, "out": [20.0, 21.0]}, {"at": 0, "out": [10.0, 11.0]},
                              {"at": 2, "out": [30.0, 31.0]}])"};
  };
  auto skips = example(any, R"(, "batch_size": 2, "on_error": "skip")");
  skips.in = R"([{"at": 2}, {"at": 99}, {"at": null}, {"at": 0}, {"at": 7}])";
  skips.out = R"([{"at": 2, "out": [30.0, 31.0]}, {"at": 0, "out": [10.0, 11.0]}])";
  auto letters = skips;
  letters.params = example(any, R"(, "on_error": "dead_letter")").params;
  letters.errors = R"([{"at": 99}, {"at": null}, {"at": 7}])";
  letters.invariant = "count";
  return {example(any, ""), example(any, R"(, "batch_size": 3)"), example(four_rows_a_call, ""), skips, letters};
}

/// The kinds that are under the laws.
const std::map<std::string, OperatorKind, std::less<>>& operators() {
  static const auto made = [] {
    auto all = registry().operators();
    all.at("infer").examples = examples_of_infer();
    return all;
  }();
  return made;
}

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    all.add(SourceKind{.name = "cut",
                       .doc = "For the laws.",
                       .params = {{.name = "cut", .type = ParamType::any, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<CutSource>(params.value("cut").object<Cut>());
                       }});
    return all;
  }();
  return made;
}

std::shared_ptr<const Cut> cut(const Batch& rows, Random& random) {
  auto made = std::make_shared<Cut>();
  made->schema = rows.schema();
  made->splits.emplace_back();
  for (std::int64_t next = 0; next < rows.rows();) {
    const auto count = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows.rows() - next)));
    made->splits.back().push_back(rows.slice(next, count));
    next += count;
    if (random.chance(40)) made->splits.emplace_back();
  }
  return made;
}

/// One run of an example as a whole job.
class LawRun {
 public:
  LawRun(const OperatorKind& kind, const Example& example, std::uint64_t seed)
      : kind_(kind), example_(example), random_(seed) {}

  /// What came out of the main and the errors port, as sorted JSON.
  Result<std::pair<std::vector<std::string>, std::vector<std::string>>> run(RunOptions options) {
    const auto inputs = KLEIN_TRY(example_inputs(kind_, example_, 1 << 20));
    for (const auto& batches : inputs) {
      if (batches.empty()) return Error(Code::invalid, "an example without input rows");
      add("cut", {{"cut", Value::Handle(cut(KLEIN_TRY(concatenate(batches)), random_))}}, {});
    }
    std::vector<Edge> edges;
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i) edges.push_back({i});
    const auto params = KLEIN_TRY(parse_json(example_.params));
    const int step = add(kind_.name, *params.get<Value::Map>(), edges);
    const auto main = std::make_shared<Collector>(), errors = std::make_shared<Collector>();
    add("collect", {{"collector", Value::Handle(main)}}, {{step}});
    if (!example_.errors.empty()) add("collect", {{"collector", Value::Handle(errors)}}, {{step, Port::errors}});
    KLEIN_TRY(failure_);
    const auto job = KLEIN_TRY(Job::start(plan_, options, kinds()));
    trace = KLEIN_TRY(job->wait()).trace;
    return std::pair(KLEIN_TRY(sorted(main->all())), KLEIN_TRY(sorted(errors->all())));
  }

  std::uint64_t trace = 0;

 private:
  static Result<std::vector<std::string>> sorted(const std::vector<Batch>& batches) {
    auto rows = KLEIN_TRY(rows_to_json(batches));
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  int add(const std::string& kind, const Value::Map& given, std::vector<Edge> inputs) {
    const auto declared = kinds().params(kind);
    KLEIN_ASSERT(declared.ok());
    auto params = Params::make(**declared, given);
    if (!params.ok()) {
      failure_ = std::move(params).error();
      params = Params();
    }
    const auto place = static_cast<int>(plan_.steps.size());
    plan_.steps.push_back({.name = kind + "_" + std::to_string(place),
                           .kind = kind,
                           .params = *std::move(params),
                           .inputs = std::move(inputs),
                           .schema = std::nullopt});
    return place;
  }

  const OperatorKind& kind_;
  const Example& example_;
  Random random_;
  Plan plan_;
  Result<> failure_;
};

/// A row of an example that is a bare value is the row {"value": it}; keys in the order of the output's columns are not
/// compared, so both sides are parsed and their keys sorted.
std::string canonical(const std::string& row) {
  auto value = *parse_json(row);
  if (!value.get<Value::Map>()) value = Value::Map{{"value", value}};
  auto map = *value.get<Value::Map>();
  std::sort(map.begin(), map.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return to_json(map);
}

std::vector<std::string> canonical(std::vector<std::string> rows) {
  for (auto& row : rows) row = canonical(row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<std::string> expected_rows(const std::string& json) {
  std::vector<std::string> rows;
  const auto parsed = parse_json(json.empty() ? "[]" : json);
  for (const auto& row : *parsed->get<Value::List>()) rows.push_back(to_json(row));
  return canonical(rows);
}

void expect_example_holds(const OperatorKind& kind, const Example& example, std::uint64_t seed, RunOptions options) {
  SCOPED_TRACE(
      kind.name + " " + example.params + ", seed " + std::to_string(seed) + ", cores " + std::to_string(options.cores));
  const auto got = LawRun(kind, example, seed).run(options);
  ASSERT_TRUE(got.ok()) << got.error().text();
  if (example.invariant == "count") {
    EXPECT_EQ(got->first.size(), expected_rows(example.out).size());
  } else {
    EXPECT_EQ(canonical(got->first), expected_rows(example.out));
  }
  if (!example.errors.empty()) {
    EXPECT_EQ(got->second.size(), expected_rows(example.errors).size());
  }
}

/// Kinds whose parameters JSON can't hold, so that they have no example: a user's function. Their own tests run them on
/// both executors.
const std::set<std::string>& without_examples() {
  static const std::set<std::string> names = {"map", "flat_map", "map_batches", "filter_rows", "process", "reduce"};
  return names;
}

TEST(Laws, every_kind_has_an_example) {
  for (const auto& [name, kind] : operators()) {
    EXPECT_NE(kind.examples.empty(), without_examples().count(name) == 0) << name;
  }
}

TEST(Laws, examples_hold_for_one_step_alone) {
  for (const auto& [name, kind] : operators()) {
    const auto checked = check_examples(kind);
    EXPECT_TRUE(checked.ok()) << name << ": " << checked.error().text();
  }
}

TEST(Laws, the_same_rows_come_out_however_input_is_cut_at_every_parallelism_on_the_seeded_executor) {
  const int seeds = std::getenv("KLEIN_SEEDS") ? std::atoi(std::getenv("KLEIN_SEEDS")) : 1000;
  std::vector<std::pair<const OperatorKind*, const Example*>> cases;
  for (const auto& [name, kind] : operators()) {
    for (const auto& example : kind.examples) cases.emplace_back(&kind, &example);
  }
  ASSERT_FALSE(cases.empty());
  constexpr int parallelisms[] = {1, 2, 3, 7};
  for (int seed = 0; seed < seeds && !HasFailure(); ++seed) {
    const auto& [kind, example] = cases[static_cast<std::size_t>(seed) % cases.size()];
    RunOptions options;
    options.cores = parallelisms[(static_cast<std::size_t>(seed) / cases.size()) % 4];
    options.seed = static_cast<std::uint64_t>(seed);
    expect_example_holds(*kind, *example, static_cast<std::uint64_t>(seed), options);
  }
}

TEST(Laws, the_same_rows_come_out_on_threads) {
  for (const auto& [name, kind] : operators()) {
    for (const auto& example : kind.examples) {
      for (const int cores : {1, 2, 3, 7}) {
        RunOptions options;
        options.cores = cores;
        expect_example_holds(kind, example, static_cast<std::uint64_t>(cores), options);
      }
    }
  }
}

TEST(Laws, a_seed_repeats_bit_for_bit) {
  for (const auto& [name, kind] : operators()) {
    for (const auto& example : kind.examples) {
      std::set<std::uint64_t> traces;
      for (int repeat = 0; repeat < 2; ++repeat) {
        RunOptions options;
        options.cores = 3;
        options.seed = 11;
        LawRun law(kind, example, 11);
        ASSERT_TRUE(law.run(options).ok()) << name;
        traces.insert(law.trace);
      }
      EXPECT_EQ(traces.size(), 1U) << name;
    }
  }
}

/// Runs the step up to `cut` batches, takes a snapshot, and lets a new step that restored it do the rest.
Result<std::vector<Batch>> run_restored(const OperatorKind& kind, const Params& params,
                                        const std::vector<Batch>& batches, std::size_t cut) {
  const Schemas schemas = {batches.front().schema()};
  std::int64_t failed = 0;
  const SteadyClock clock;
  const Context context{.step = kind.name, .clock = &clock, .waker = {}, .rows_failed = &failed};
  std::vector<Batch> rows;
  Output out;
  auto step = KLEIN_TRY(kind.make(params, schemas));
  KLEIN_TRY(step->open(context));
  const auto drain = [&](Progress progress) -> Result<bool> {
    while (true) {
      for (auto& [port, batch] : out.emitted()) {
        if (port == Port::main) rows.push_back(std::move(batch));
      }
      out.clear();
      if (progress != Progress::more) return progress == Progress::finished;
      progress = KLEIN_TRY(step->resume(out));
    }
  };
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (i == cut) {
      const auto state = KLEIN_TRY(step->snapshot());
      step = KLEIN_TRY(kind.make(params, schemas));
      KLEIN_TRY(step->open(context));
      if (!state.empty()) KLEIN_TRY(step->restore(state));
    }
    if (KLEIN_TRY(drain(KLEIN_TRY(step->process(0, batches[i], out))))) return rows;
    auto* gathering = dynamic_cast<Gathering*>(step.get());
    if (gathering && KLEIN_TRY(drain(KLEIN_TRY(gathering->end_step(out))))) return rows;
  }
  KLEIN_TRY(drain(KLEIN_TRY(step->on_watermark(Watermark::end(), out))));
  return rows;
}

TEST(Laws, a_step_restored_from_its_snapshot_goes_on_as_if_nothing_happened) {
  int compared = 0;
  for (const auto& [name, kind] : operators()) {
    if (kind.inputs != 1) continue;
    for (const auto& example : kind.examples) {
      const auto batches = example_inputs(kind, example, 1)->front();
      const auto given = parse_json(example.params);
      const auto params = *Params::make(kind.params, *given->get<Value::Map>());
      const auto whole = run_restored(kind, params, batches, batches.size());
      ASSERT_TRUE(whole.ok()) << name << ": " << whole.error().text();
      for (std::size_t cut = 0; cut < batches.size(); ++cut) {
        const auto restored = run_restored(kind, params, batches, cut);
        ASSERT_TRUE(restored.ok()) << name << ": " << restored.error().text();
        EXPECT_EQ(*rows_to_json(*restored), *rows_to_json(*whole)) << name << " cut at " << cut;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace klein
