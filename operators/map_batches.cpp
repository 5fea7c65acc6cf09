// map_batches: a batch becomes another, by the user's function, entered once a batch.

#include "op/function_step.h"

namespace klein {

void register_map_batches(Registry& registry) {
  registry.add(function_kind(
      "map_batches", "Turn each batch into another by a function, or by an object that is made once and then called.",
      "Called with each batch; returns the batch that takes its place."));
}

}  // namespace klein
