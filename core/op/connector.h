#pragma once
// Source and Sink — the two edges of a plan. A source is splits, read by whoever is idle; a sink is a writer that
// stages and a committer that makes visible.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/waker.h"
#include "data/batch.h"
#include "data/split.h"
#include "op/operator.h"

namespace klein {

struct Pulled {
  enum class What { rows, nothing_yet, end };
  What what = What::end;
  std::optional<Batch> batch;
  Bytes position;  // where a new reader must start to get what follows this batch
};

/// How large the batches should be that a reader cuts; the steps behind it ask for it.
struct ReadSize {
  std::int64_t rows = 64 * 1024;
  std::int64_t bytes = 4 << 20;
};

class SplitReader {
 public:
  virtual ~SplitReader() = default;
  /// Returns at once; after `nothing_yet` it wakes `context.waker` when there is more. The batch's header needs only
  /// `row` and `index`; the runtime adds the split.
  virtual Result<Pulled> pull(const Context& context) = 0;
};

/// Finds what comes to a source while it is read: files in a folder, partitions of a topic. Constant: any thread.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  /// Nanoseconds from one look to the next.
  virtual std::int64_t interval() const = 0;
  /// Whether readers read one split after the other to its end; else each reads its share of them in turn.
  virtual bool splits_end() const = 0;
  /// What is there that was not when an earlier look ended at `since`; empty: all. `unavailable`: the next look tells.
  virtual Result<Found> look(BytesView since) const = 0;
};

/// Constant after it is made: any thread may call it.
class Source {
 public:
  virtual ~Source() = default;
  virtual bool bounded() const = 0;  // the batch view takes only bounded sources
  virtual Schema schema() const = 0;
  /// Asked once, when a job begins; one that goes on has what is left of them in its checkpoint.
  virtual Result<std::vector<Split>> splits() const = 0;
  /// Of a source without an end that is to be looked at again and again; its first look is asked in place of `splits`.
  virtual const Discoverer* discoverer() const { return nullptr; }
  virtual Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const = 0;
  /// A sealed snapshot has these positions: for systems that show how far their readers are. Never an error of the job.
  virtual void sealed([[maybe_unused]] const std::vector<Split>& positions) const {}
};

/// One a task. What it wrote is visible to nobody until its token is committed.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<> open([[maybe_unused]] const Context& context) { return {}; }
  /// `pending`: taken, but wait for the context's waker and `resume` before the next.
  virtual Result<Progress> write(Batch batch) = 0;
  virtual Result<Progress> resume() { return Progress::done; }
  /// Makes what was written since the last call durable, not visible. The token goes into the checkpoint; nothing: not
  /// yet, the waker brings the task back to ask again. An empty token has nothing to commit.
  virtual Result<std::optional<Bytes>> prepare([[maybe_unused]] Epoch epoch) { return std::optional(Bytes{}); }
};

/// Made from the kind alone, on any node, after any crash; both run again with the same token, so: idempotent.
class Committer {
 public:
  virtual ~Committer() = default;
  virtual Result<> commit(Epoch epoch, BytesView token) = 0;
  /// Removes what the token staged.
  virtual Result<> abort(Epoch epoch, BytesView token) = 0;
  /// Removes all that the run may have staged whose `Sink::residue` this is; nothing of it will be committed any more.
  virtual Result<> clear([[maybe_unused]] BytesView residue) { return {}; }
};

/// Constant after it is made: any thread may call it.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Where output goes is looked at before work starts: an existing or unwritable target is refused here.
  virtual Result<> check([[maybe_unused]] const std::optional<Schema>& input) const { return {}; }
  virtual Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>& input) const = 0;
  /// Called once, first, where the job goes on that has committed output before: what the target holds is its own.
  virtual void resume() {}
  /// Names what this run may leave behind when it is killed, for `Committer::clear`.
  virtual Bytes residue() const { return {}; }
  /// Called when the job fails or is stopped without commit, after every writer is gone: remove what was staged.
  virtual Result<> discard() const { return {}; }
};

}  // namespace klein
