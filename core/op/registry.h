#pragma once
// Registry — the kinds of steps there are, a row each. From a row come the Python function with its signature,
// docstring and stub, the C++ option struct, the docs page, argument checks and the law tests: one file adds a kind.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "op/connector.h"
#include "op/expression.h"
#include "op/operator.h"
#include "op/params.h"

namespace klein {

/// One case of what a kind does. Rows are JSON arrays of objects; a bare value is a row with the column "value".
/// Column types come from the values unless `types` names them ("x: int32").
struct Example {
  std::string params = "{}";
  std::string in = "[]";    // for a kind of several inputs, an array of such arrays
  std::string out = "[]";   // as a set: the order of rows is not compared
  std::string errors = "";  // rows on the errors port, where the example has any
  std::string types = "";
  std::string invariant = "";  // where which rows come out depends on order: "count" compares how many
};

/// Which executor threads run a task: `light` tasks wait for outside and are short; `compute` tasks keep a core busy;
/// `blocking` ones, which are no step's, wait in place for a disk or a broker.
enum class Lane { compute, light, blocking };

using Schemas = std::vector<std::optional<Schema>>;  // of each input; nothing where only running tells
using Columns = std::set<std::string, std::less<>>;

struct OperatorKind {
  std::string name, doc;
  std::vector<Param> params = {};
  std::vector<Example> examples = {};
  int inputs = 1;  // -1: one or more
  Lane lane = Lane::compute;
  bool slow = false;            // a model, a codec or user code: a call may take more than a millisecond
  std::int64_t batch_rows = 0;  // rows a call likes at most; 0: as they come
  bool by_row = false;          // a call may take long, and its rows are why: the runtime gives few where rows are slow
  int max_parallelism = 0;      // 0: any
  bool deterministic = true;    // the same rows give the same rows, in the same order
  bool stateful = false;        // what `snapshot` gives matters: it is asked between two calls
  bool late = false;            // its rows by key may be more than memory holds: it gives and takes them late
  bool makes_time = false;      // it sets the watermarks of what follows; those that come, but the end, stop here
  int first_port = -1;          // of several inputs, the one that is taken from while it has rows
  bool in_turn = false;         // the inputs are taken from one after the other, each to its end
  std::vector<Port> ports = {Port::main};

  /// The output's schema, and every check that can be made before work starts. Nothing: only running tells.
  std::function<Result<std::optional<Schema>>(const Params&, const Schemas&)> schema;
  std::function<Result<std::unique_ptr<Operator>>(const Params&, const Schemas&)> make;

  /// The columns of input `port` whose values say which task a row belongs to: rows of equal values meet. None: all
  /// rows meet in one task. Empty function: any row may be anywhere.
  std::function<std::vector<std::string>(const Params&, int port)> keys = {};

  /// The inputs that have to end some time. Empty function: none.
  std::function<std::vector<int>(const Params&)> must_end = {};

  // What the rules of the optimiser ask. A kind that leaves them out is never moved or narrowed.
  /// Exactly one output row for each input row, in order, under these parameters.
  std::function<bool(const Params&)> one_to_one = {};
  /// The input columns that are needed so that `wanted` of the output can be made. Empty function: all.
  std::function<Columns(const Params&, const Columns& wanted)> required = {};
  /// Parameters under which the step still makes `wanted`, but no column and no demand beyond it that it can leave out;
  /// `required` is then asked about these. Input columns may pass that it would have dropped. Empty function: as they
  /// are.
  std::function<Params(const Params&, const Columns& wanted)> narrow = {};
  /// The output columns that are not the input's columns of the same name; a filter on others may go before.
  std::function<Columns(const Params&)> makes = {};
  /// The expression that kept rows satisfy, for a kind that only drops rows.
  std::function<std::shared_ptr<const Expression>(const Params&)> predicate = {};
  /// How many of the first rows are kept, for a kind that only cuts.
  std::function<std::int64_t(const Params&)> prefix = {};
  /// Parameters with which this kind alone does what this step and the next one do; nothing: they stay two.
  std::function<std::optional<Params>(const Params&, const std::string& next_kind, const Params& next)> merge = {};
};

struct SourceKind {
  std::string name, doc;
  std::vector<Param> params = {};
  std::vector<Example> examples = {};  // `in` is not used
  /// Rules may set "columns" (strings), "filter" (expression; exact), "limit" (int64): docs/decisions/0005 says how.
  std::function<Result<std::unique_ptr<Source>>(const Params&)> make;
};

struct SinkKind {
  std::string name, doc;
  std::vector<Param> params = {};
  int max_parallelism = 0;
  std::function<Result<std::unique_ptr<Sink>>(const Params&)> make;
  /// With the checkpoint's store, or null where the job has none. Absent: nothing to commit.
  std::function<Result<std::unique_ptr<Committer>>(Store* store)> committer = {};
};

class Registry {
 public:
  void add(OperatorKind kind);  // a name that is taken is a broken invariant
  void add(SourceKind kind);
  void add(SinkKind kind);

  const OperatorKind* find_operator(std::string_view name) const;
  const SourceKind* find_source(std::string_view name) const;
  const SinkKind* find_sink(std::string_view name) const;
  const std::map<std::string, OperatorKind, std::less<>>& operators() const { return operators_; }
  const std::map<std::string, SourceKind, std::less<>>& sources() const { return sources_; }
  const std::map<std::string, SinkKind, std::less<>>& sinks() const { return sinks_; }
  std::vector<std::string> names() const;
  /// The declared parameters of a kind of any sort, or an error that names the nearest kind.
  Result<const std::vector<Param>*> params(std::string_view kind) const;

 private:
  std::map<std::string, OperatorKind, std::less<>> operators_;
  std::map<std::string, SourceKind, std::less<>> sources_;
  std::map<std::string, SinkKind, std::less<>> sinks_;
};

/// All rows as JSON, for generators and `klein operators`.
Value describe(const Registry& registry);

}  // namespace klein
