// The law of the optimiser: it preserves rows. Random plans over the registered kinds, run step by step on one reader
// as written and as optimised, give the same rows in the same order.

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "base/text.h"
#include "op/run_operator.h"
#include "plan/fake_kinds_test.h"
#include "plan/plan.h"

namespace klein {
namespace {

/// Rows of each output of a plan's steps, one step after the other.
class Interpreter {
 public:
  explicit Interpreter(const Plan& plan) : plan_(plan), main_(plan.steps.size()), errors_(plan.steps.size()) {}

  /// Each sink's rows: `name: row row ...`.
  Result<std::vector<std::string>> run() {
    std::vector<std::string> sinks;
    for (std::size_t place = 0; place < plan_.steps.size(); ++place) {
      const auto& step = plan_.steps[place];
      if (fake_kinds().find_sink(step.kind)) {
        const auto rows = KLEIN_TRY(rows_to_json(batches(step.inputs.front())));
        sinks.push_back(step.name + ": " + join(rows, " "));
      } else {
        KLEIN_TRY(make(place));
      }
    }
    return sinks;
  }

 private:
  const std::vector<Batch>& batches(const Edge& edge) const {
    return (edge.port == Port::errors ? errors_ : main_)[static_cast<std::size_t>(edge.step)];
  }

  Result<> make(std::size_t place) {
    const auto& step = plan_.steps[place];
    if (const auto* source = fake_kinds().find_source(step.kind)) {
      const auto reader = KLEIN_TRY(KLEIN_TRY(source->make(step.params))->open({}, {}));
      auto pulled = KLEIN_TRY(reader->pull({}));
      if (pulled.batch) main_[place].push_back(*pulled.batch);
      return {};
    }
    std::vector<std::vector<Batch>> inputs;
    for (const auto& edge : step.inputs) {
      const auto& rows = batches(edge);
      inputs.push_back(rows.empty() ? rows : std::vector{KLEIN_TRY(concatenate(rows))});
    }
    auto run = KLEIN_TRY(run_operator(*fake_kinds().find_operator(step.kind), step.params.values(), inputs));
    main_[place] = std::move(run.rows);
    errors_[place] = std::move(run.errors);
    return {};
  }

  const Plan& plan_;
  std::vector<std::vector<Batch>> main_, errors_;
};

/// A plan that a seed draws: flows that branch, meet in unions, and end in sinks.
class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : random_(seed) {
    add(random_.chance(80) ? "read_table" : "memory", {}, {});
    const auto steps = 2 + random_.below(9);
    for (std::uint64_t i = 0; i < steps; ++i) extend();
    for (int step = 0, all = static_cast<int>(plan.steps.size()); step < all; ++step) {
      if (plan.consumers(step).empty() || random_.chance(5)) add("write", {}, {{step}});
      if (plan.steps[static_cast<std::size_t>(step)].kind == "decode" && random_.chance(20)) {
        add("append", {}, {{step, Port::errors}});
      }
    }
  }

  Plan plan;

 private:
  Value call(const char* function, Value left, Value right) {
    return Value::List{function, std::move(left), std::move(right)};
  }
  Value column(const std::string& name) { return Value::Map{{"column", name}}; }
  Value number() { return static_cast<std::int64_t>(random_.below(12)); }

  /// A column of whole numbers, or "" where there is none.
  std::string numeric(int step) {
    std::vector<std::string> names;
    const auto& schema = *plan.steps[static_cast<std::size_t>(step)].schema->arrow();
    for (const auto& field : schema.fields()) {
      if (field->type()->id() == arrow::Type::INT64) names.push_back(field->name());
    }
    return names.empty() ? "" : names[random_.below(names.size())];
  }

  std::string any(int step) {
    const auto names = plan.steps[static_cast<std::size_t>(step)].schema->names();
    return names[random_.below(names.size())];
  }

  std::string new_name() { return std::string(1, static_cast<char>("abcxyz"[random_.below(6)])); }

  /// Divisions may fail; where they do as written, the plan is not compared.
  Value expression(const std::string& name) {
    static constexpr std::array functions = {"add", "subtract", "multiply", "divide"};
    const auto function = functions[random_.below(20) == 0 ? 3 : random_.below(3)];
    return random_.chance(15) ? number() : call(function, column(name), number());
  }

  Value predicate(int step, const std::string& name) {
    static constexpr std::array functions = {"less", "greater", "not_equal"};
    const auto left = random_.chance(8) ? call("divide", number(), column(numeric(step))) : column(name);
    return call(functions[random_.below(3)], left, number());
  }

  void extend() {
    const int from = random_.chance(85) ? static_cast<int>(plan.steps.size()) - 1
                                        : static_cast<int>(random_.below(plan.steps.size()));
    const auto name = numeric(from);
    switch (random_.below(name.empty() ? 5 : 9)) {
      case 0: return add("select", {{"columns", some(from)}}, {{from}});
      case 1: return add("drop", {{"columns", some(from)}, {"strict", random_.chance(70)}}, {{from}});
      case 2: return add("rename", {{"columns", Value::Map{{any(from), new_name()}}}}, {{from}});
      case 3: return add("limit", {{"count", static_cast<std::int64_t>(random_.below(40))}}, {{from}});
      case 4:
        return random_.chance(50) ? add("explode", {{"column", "l"}}, {{from}}) : add("union", {}, {{from}, {from}});
      case 5:
      case 6: return add("filter", {{"predicate", predicate(from, name)}}, {{from}});
      case 7: return add("with_columns", {{"columns", Value::Map{{new_name(), expression(name)}}}}, {{from}});
      default:
        static constexpr std::array modes = {"raise", "skip", "dead_letter"};
        return add(random_.chance(50) ? "decode" : "resize",
                   {{"column", name}, {"into", new_name()}, {"on_error", modes[random_.below(3)]}}, {{from}});
    }
  }

  Value some(int step) {
    Value::List names;
    for (const auto& name : plan.steps[static_cast<std::size_t>(step)].schema->names()) {
      if (random_.chance(50)) names.emplace_back(name);
    }
    return names;
  }

  /// Adds the step where it is a right one.
  void add(const std::string& kind, const Value::Map& given, std::vector<Edge> inputs) {
    const auto params = Params::make(**fake_kinds().params(kind), given);
    ASSERT_TRUE(params.ok()) << params.error().text();
    auto longer = plan;
    longer.steps.push_back({kind + "_" + std::to_string(plan.steps.size()), kind, *params, std::move(inputs), {}});
    if (auto checked = typed(std::move(longer), fake_kinds()); checked.ok()) plan = *std::move(checked);
  }

  Random random_;
};

int seeds() {
  const char* wanted = std::getenv("KLEIN_SEEDS");
  return wanted ? std::atoi(wanted) : 1000;
}

TEST(Optimizer, a_plan_gives_the_same_rows_as_written_and_as_optimised) {
  int compared = 0, changed = 0;
  for (int seed = 0; seed < seeds(); ++seed) {
    const auto written = Drawn(static_cast<std::uint64_t>(seed)).plan;
    const auto better = optimized(written, fake_kinds());
    ASSERT_TRUE(better.ok()) << "seed " << seed << ": " << better.error().text() << "\nof\n" << to_text(written);
    const auto wanted = Interpreter(written).run();
    if (!wanted.ok()) continue;  // fails as written: it may, but need not, fail as optimised
    const auto got = Interpreter(*better).run();
    ASSERT_TRUE(got.ok()) << "seed " << seed << ": " << got.error().text() << "\n"
                          << to_text(written) << to_text(*better);
    ASSERT_EQ(*got, *wanted) << "seed " << seed << "\n" << to_text(written) << to_text(*better);
    ++compared;
    changed += better->changes.empty() ? 0 : 1;
  }
  EXPECT_GT(compared, seeds() / 2);
  EXPECT_GT(changed, seeds() / 2);
}

}  // namespace
}  // namespace klein
