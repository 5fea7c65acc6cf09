// discard: drops every row. For measuring what stands before it.

#include "op/registry.h"

namespace klein {

namespace {

class DiscardWriter final : public Writer {
 public:
  Result<Progress> write(Batch) override { return Progress::done; }
};

class Discard final : public Sink {
 public:
  Result<std::unique_ptr<Writer>> open(int, const std::optional<Schema>&) const override {
    return std::make_unique<DiscardWriter>();
  }
};

}  // namespace

void register_discard(Registry& registry) {
  registry.add(SinkKind{
      .name = "discard",
      .doc = "Drop every row: for measuring what stands before it.",
      .make = [](const Params&) -> Result<std::unique_ptr<Sink>> { return std::make_unique<Discard>(); }});
}

}  // namespace klein
