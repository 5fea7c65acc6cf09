// What every kind of this folder owes: its examples hold, whole and row by row.

#include <gtest/gtest.h>

#include "op/run_operator.h"

namespace klein {

void register_operators(Registry& registry);

namespace {

TEST(Kinds, ExamplesHold) {
  Registry registry;
  register_operators(registry);
  for (const auto& [name, kind] : registry.operators()) {
    const auto held = check_examples(kind);
    EXPECT_TRUE(held.ok()) << name << ": " << (held.ok() ? "" : held.error().text());
  }
}

}  // namespace
}  // namespace klein
