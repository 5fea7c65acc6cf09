#include "base/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace klein {
namespace {

TEST(Gate, lets_nobody_in_once_closed) {
  Gate gate;
  EXPECT_TRUE(gate.enter());
  gate.leave();
  gate.close();
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(Gate::Pass(gate));
  gate.close();
}

TEST(Gate, close_waits_for_all_inside) {
  Gate gate;
  std::atomic<int> used = 0;
  std::vector<std::thread> users;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(gate.enter());
    users.emplace_back([&] {
      ++used;
      gate.leave();
    });
  }
  gate.close();
  EXPECT_EQ(used, 8);
  for (auto& user : users) user.join();
}

TEST(Gate, what_it_guards_can_go_as_soon_as_it_has_closed) {
  for (int i = 0; i < 200; ++i) {
    auto gate = std::make_unique<Gate>();
    ASSERT_TRUE(gate->enter());
    std::thread user([inside = gate.get()] { inside->leave(); });
    gate->close();
    gate.reset();
    user.join();
  }
}

TEST(Gate, a_pass_leaves_when_it_ends) {
  Gate gate;
  {
    const Gate::Pass pass(gate);
    EXPECT_TRUE(pass);
  }
  gate.close();  // would wait for ever
}

TEST(GateDeathTest, destroyed_while_held_ends_the_process) {
  EXPECT_DEATH(
      {
        Gate gate;
        gate.enter();
      },
      "broken invariant: inside_ == 0");
}

}  // namespace
}  // namespace klein
