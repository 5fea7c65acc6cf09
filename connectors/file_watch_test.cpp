#include "connectors/file_watch.h"

#include <gtest/gtest.h>

#include <map>

#include "connectors/paths.h"

namespace klein {
namespace {

/// A folder in which a test makes files, and what looks at it.
class Watched : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "klein-watch-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_EQ(std::system(("rm -rf " + folder_ + " && mkdir -p " + folder_).c_str()), 0);
  }
  void TearDown() override { EXPECT_EQ(std::system(("rm -rf " + folder_).c_str()), 0); }

  /// The files of later calls came later.
  void make(const std::string& name) {
    const auto file = folder_ + "/" + name;
    ASSERT_EQ(std::system(("touch -d 2001-01-01 " + file).c_str()), 0);  // as one that was copied with its old time
  }

  FileWatch watch(std::size_t remember) const {
    const auto list = [folder = folder_] { return list_files({folder}, {}, true); };
    const auto to_splits = [](const std::string& path) -> Result<std::vector<Split>> {
      return std::vector<Split>{{.id = path.substr(path.rfind('/') + 1)}};
    };
    return FileWatch(1'000'000, {list, to_splits}, remember);
  }

  /// What a look found, with the order of each: "a:0 b:1 ".
  std::string look(const FileWatch& watch) {
    auto found = watch.look(position_);
    EXPECT_TRUE(found.ok()) << found.error().text();
    std::string all;
    for (const auto& split : found->splits) all += split.id + ":" + std::to_string(split.order) + " ";
    position_ = found->position;
    return all;
  }

  std::string folder_;
  Bytes position_;
};

TEST_F(Watched, finds_each_file_once_however_old_it_says_it_is) {
  const auto files = watch(100);
  EXPECT_EQ(look(files), "");
  make("b");
  EXPECT_EQ(look(files), "b:0 ");
  EXPECT_EQ(look(files), "");
  make("a");
  make("_hidden");
  EXPECT_EQ(look(files), "a:1 ");
  EXPECT_EQ(look(watch(100)), "");  // the position is all it knows
}

TEST_F(Watched, does_not_find_a_file_again_that_was_away) {
  const auto files = watch(100);
  make("a");
  EXPECT_EQ(look(files), "a:0 ");
  ASSERT_EQ(std::system(("rm " + folder_ + "/a").c_str()), 0);
  EXPECT_EQ(look(files), "");
  make("a");
  make("b");
  EXPECT_EQ(look(files), "b:1 ");
}

TEST_F(Watched, finds_each_file_once_also_where_it_keeps_only_the_newest_in_mind) {
  const auto files = watch(2);
  for (const auto* name : {"a", "b", "c", "d"}) make(name);
  EXPECT_EQ(look(files), "a:0 b:1 c:2 d:3 ");
  EXPECT_EQ(look(files), "");
  make("e");
  EXPECT_EQ(look(files), "e:4 ");
  EXPECT_EQ(look(files), "");
  EXPECT_LT(position_.size(), 60U);
}

TEST_F(Watched, refuses_a_position_that_is_none) {
  for (const auto* position : {"x", "1", "1 2 g", "1 2 3x"}) {
    const auto found = watch(2).look(position);
    ASSERT_FALSE(found.ok()) << position;
    EXPECT_EQ(found.error().code(), Code::corrupt);
  }
}

}  // namespace
}  // namespace klein
