// collect: hands every row to a Collector, from which the program takes them; holds back while it is full.

#include "connectors/collect.h"

#include <algorithm>

#include "op/registry.h"

namespace klein {

void Collector::writer_opened() {
  const Lock lock(mutex_);
  ++writers_;
}

void Collector::writer_closed() {
  const Lock lock(mutex_);
  if (--writers_ > 0) return;
  ended_ = true;
  changed_.notify_all();
}

bool Collector::put(Batch batch, const Waker& waker) {
  const Lock lock(mutex_);
  waiting_.push_back(std::move(batch));
  changed_.notify_all();
  return room_or_held(waker);
}

bool Collector::has_room(const Waker& waker) {
  const Lock lock(mutex_);
  return room_or_held(waker);
}

bool Collector::room_or_held(const Waker& waker) {
  if (capacity_ == 0 || waiting_.size() < capacity_) return true;
  held_.push_back(waker);
  return false;
}

std::optional<Batch> Collector::next() {
  std::optional<Batch> batch;
  std::vector<Waker> held;
  {
    const Lock lock(mutex_);
    while (waiting_.empty() && !ended_) changed_.wait(mutex_);
    if (waiting_.empty()) return batch;
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    held.swap(held_);
  }
  for (const auto& waker : held) waker.wake();
  return batch;
}

bool Collector::wait_for(std::chrono::milliseconds time) {
  const Lock lock(mutex_);
  if (waiting_.empty() && !ended_) changed_.wait_for(mutex_, time);
  return !waiting_.empty() || ended_;
}

std::vector<Batch> Collector::all() {
  std::vector<Batch> batches;
  {
    const Lock lock(mutex_);
    batches.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
  }
  std::stable_sort(batches.begin(), batches.end(), [](const Batch& a, const Batch& b) {
    const auto &left = a.header(), &right = b.header();
    if (left.split_order != right.split_order) return left.split_order < right.split_order;
    return a.row_number(0) < b.row_number(0);
  });
  return batches;
}

namespace {

class CollectWriter final : public Writer {
 public:
  explicit CollectWriter(std::shared_ptr<Collector> collector) : collector_(std::move(collector)) {
    collector_->writer_opened();
  }
  ~CollectWriter() override { collector_->writer_closed(); }
  CollectWriter(const CollectWriter&) = delete;
  CollectWriter& operator=(const CollectWriter&) = delete;

  Result<> open(const Context& context) override {
    waker_ = context.waker;
    return {};
  }
  Result<Progress> write(Batch batch) override {
    return collector_->put(std::move(batch), waker_) ? Progress::done : Progress::pending;
  }
  Result<Progress> resume() override { return collector_->has_room(waker_) ? Progress::done : Progress::pending; }

 private:
  const std::shared_ptr<Collector> collector_;
  Waker waker_;
};

class Collect final : public Sink {
 public:
  explicit Collect(std::shared_ptr<Collector> collector) : collector_(std::move(collector)) {}
  Result<std::unique_ptr<Writer>> open(int, const std::optional<Schema>&) const override {
    return std::make_unique<CollectWriter>(collector_);
  }

 private:
  const std::shared_ptr<Collector> collector_;
};

}  // namespace

void register_collect(Registry& registry) {
  registry.add(SinkKind{
      .name = "collect",
      .doc = "Hand every row to the program that runs the flow.",
      .params = {{.name = "collector", .doc = "The collector that takes them."}},
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> {
        const auto collector = params.value("collector").object<Collector>();
        if (!collector)
          return Error(Code::invalid, "collect wants a collector, not " + kind_of(params.value("collector")));
        // A plan's objects are constant to all but the sink that fills this one; it guards itself.
        return std::make_unique<Collect>(std::const_pointer_cast<Collector>(collector));
      }});
}

}  // namespace klein
