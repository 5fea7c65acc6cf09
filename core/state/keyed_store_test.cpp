// What every keyed store does: one suite over memory and disk.

#include "state/keyed_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/random.h"
#include "state/held_state.h"

namespace klein {
namespace {

using Change = KeyedStore::Change;

class KeyedStores : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    store_ = opened("a");
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::shared_ptr<KeyedStore> opened(const std::string& name) {
    if (!GetParam()) return make_memory_keyed_store({});
    auto made = make_disk_keyed_store({.folder = folder_ + "/" + name, .memory = 4 << 20});
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().text());
    return *made;
  }
  static std::string all(const KeyedView& view, BytesView prefix) {
    std::string text;
    const auto cursor = view.scan(prefix);
    while (*cursor->next()) text += std::string(cursor->key()) + "=" + std::string(cursor->value()) + " ";
    return text;
  }
  std::string value(const Bytes& key) const { return (*store_->get({key}))[0].value_or("none"); }

  const std::string folder_ = testing::TempDir() + "/klein-keyed-" + std::to_string(getpid());
  std::shared_ptr<KeyedStore> store_;
};

TEST_P(KeyedStores, gives_the_last_value_of_a_key_and_none_of_one_that_was_taken_out) {
  ASSERT_TRUE(store_->write({{"a", "1"}, {"b", "2"}, {"c", ""}}).ok());
  ASSERT_TRUE(store_->write({{"a", "3"}, {"b", std::nullopt}, {"b", "4"}, {"a", std::nullopt}}).ok());
  EXPECT_EQ(value("a"), "none");
  EXPECT_EQ(value("b"), "4");
  EXPECT_EQ(value("c"), "");
  EXPECT_EQ((*store_->get({"c", "x", "b"})).size(), 3U);
}

TEST_P(KeyedStores, takes_any_bytes_as_keys_and_values) {
  const Bytes zeros("\0\0", 2), inner("a\0b", 3), high("\xff\xff", 2);
  ASSERT_TRUE(store_->write({{zeros, zeros}, {inner, high}, {high, inner}, {"", "empty"}}).ok());
  EXPECT_EQ(value(zeros), zeros);
  EXPECT_EQ(value(inner), high);
  EXPECT_EQ(value(high), inner);
  EXPECT_EQ(value(""), "empty");
  EXPECT_EQ(value("a"), "none");
  EXPECT_EQ(all(*store_, high), high + "=" + inner + " ");
}

TEST_P(KeyedStores, scans_what_begins_with_a_prefix_in_the_order_of_bytes) {
  ASSERT_TRUE(store_->write({{"ab", "2"}, {"a", "1"}, {"b", "4"}, {"a\xff", "3"}}).ok());
  EXPECT_EQ(all(*store_, "a"), "a=1 ab=2 a\xff=3 ");
  EXPECT_EQ(all(*store_, "c"), "");
  const auto cursor = store_->scan("b");
  EXPECT_TRUE(*cursor->next());
  EXPECT_FALSE(*cursor->next());
  EXPECT_FALSE(*cursor->next());
}

TEST_P(KeyedStores, removes_what_begins_with_a_prefix_and_nothing_else) {
  ASSERT_TRUE(store_->write({{"a", "1"}, {"b\xff", "2"}, {"b", "3"}, {"c", "4"}}).ok());
  ASSERT_TRUE(store_->remove("b").ok());
  EXPECT_EQ(all(*store_, ""), "a=1 c=4 ");
  ASSERT_TRUE(store_->write({{"b", "5"}}).ok());
  EXPECT_EQ(all(*store_, ""), "a=1 b=5 c=4 ");
}

TEST_P(KeyedStores, a_view_stays_as_it_was_also_when_the_store_is_gone) {
  ASSERT_TRUE(store_->write({{"a", "1"}, {"b", "2"}}).ok());
  const auto view = store_->view();
  ASSERT_TRUE(store_->write({{"a", "3"}, {"b", std::nullopt}, {"c", "4"}}).ok());
  ASSERT_TRUE(store_->remove("a").ok());
  EXPECT_EQ(all(*store_, ""), "c=4 ");
  const auto cursor = view->scan("b");
  store_.reset();
  EXPECT_EQ(all(*view, ""), "a=1 b=2 ");
  ASSERT_TRUE(*cursor->next());
  EXPECT_EQ(cursor->value(), "2");
  EXPECT_EQ((*view->get({"b"}))[0].value_or("none"), "2");
}

TEST_P(KeyedStores, two_of_them_have_nothing_of_each_other) {
  const auto other = opened("b");
  ASSERT_TRUE(store_->write({{"a", "1"}}).ok());
  EXPECT_EQ(all(*other, ""), "");
}

TEST_P(KeyedStores, holds_what_a_map_does_after_many_changes) {
  Random random(7);
  std::map<Bytes, Bytes> model;
  for (int round = 0; round < 200; ++round) {
    std::vector<Change> changes;
    for (int i = 0; i < 200; ++i) {
      const auto key = std::to_string(random.below(5000));
      if (random.below(4) == 0) {
        changes.push_back({key, std::nullopt});
        model.erase(key);
      } else {
        changes.push_back({key, Bytes(random.below(300), 'x')});
        model[key] = *changes.back().value;
      }
    }
    ASSERT_TRUE(store_->write(changes).ok());
  }
  std::string expected;
  for (const auto& [key, held] : model) expected += key + "=" + held + " ";
  EXPECT_EQ(all(*store_, ""), expected);
  EXPECT_GT(store_->size().keys, 0);
  EXPECT_GT(store_->size().memory + store_->size().disk, 0);
}

INSTANTIATE_TEST_SUITE_P(OnBoth, KeyedStores, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "disk" : "memory";
});

}  // namespace
}  // namespace klein
