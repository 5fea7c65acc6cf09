#include "connectors/paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace klein {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class paths : public ::testing::Test {
 protected:
  paths() {
    std::string pattern = (fs::temp_directory_path() / "klein-paths-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    for (const auto* name :
         {"part-10.parquet", "part-2.parquet", "PART-3.PARQUET", "_meta.parquet", ".hidden.parquet", "notes.txt",
          "sub/a.parquet", "sub/deep/b.parquet", "_old/c.parquet", ".klein-1/d.parquet"}) {
      const auto path = fs::path(root) / name;
      fs::create_directories(path.parent_path());
      std::ofstream(path) << "x";
    }
  }
  ~paths() override { fs::remove_all(root); }

  Names listed(const Names& given) {
    Names whole;
    for (const auto& path : given) whole.push_back(root + "/" + path);
    auto files = list_files(whole, {"parquet"});
    EXPECT_TRUE(files.ok()) << files.error().text();
    Names names;
    for (const auto& file : *files) names.push_back(file.substr(root.size() + 1));
    return names;
  }
  std::string refusal(const std::string& path) { return list_files({path}, {"parquet"}).error().message(); }

  std::string root;
};

TEST_F(paths, a_folder_gives_its_files_at_any_depth_without_hidden_ones_in_natural_order) {
  EXPECT_EQ(listed({""}),
            (Names{"PART-3.PARQUET", "part-2.parquet", "part-10.parquet", "sub/a.parquet", "sub/deep/b.parquet"}));
}

TEST_F(paths, a_link_to_a_folder_is_followed_but_not_back_to_one_that_it_is_in) {
  fs::create_directory_symlink(root + "/sub", root + "/sub/deep/back");
  fs::create_directory_symlink(root + "/sub", root + "/too");
  EXPECT_EQ(listed({"sub"}), (Names{"sub/a.parquet", "sub/deep/b.parquet"}));
  const auto all = listed({""});
  EXPECT_EQ(std::count(all.begin(), all.end(), "sub/deep/b.parquet"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "too/deep/b.parquet"), 1);
}

TEST_F(paths, a_pattern_matches_names_and_two_stars_any_depth) {
  EXPECT_EQ(listed({"part-*.parquet"}), (Names{"part-2.parquet", "part-10.parquet"}));
  EXPECT_EQ(listed({"part-?.parquet"}), Names{"part-2.parquet"});
  EXPECT_EQ(listed({"s*/a.parquet"}), Names{"sub/a.parquet"});
  EXPECT_EQ(listed({"**/[ab].parquet"}), (Names{"sub/a.parquet", "sub/deep/b.parquet"}));
  EXPECT_EQ(listed({"su*"}), (Names{"sub/a.parquet", "sub/deep/b.parquet"}));  // a folder that a pattern names
}

TEST_F(paths, a_list_keeps_its_order_and_names_a_file_once) {
  EXPECT_EQ(listed({"sub", "part-2.parquet", "part-*.parquet"}),
            (Names{"sub/a.parquet", "sub/deep/b.parquet", "part-2.parquet", "part-10.parquet"}));
}

TEST_F(paths, a_file_that_is_named_is_taken_whatever_its_name) {
  EXPECT_EQ(listed({"notes.txt"}), Names{"notes.txt"});
  EXPECT_EQ(listed({"_meta.parquet"}), Names{"_meta.parquet"});
}

TEST_F(paths, a_leading_tilde_is_the_users_home) {
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  ::setenv("HOME", root.c_str(), 1);
  EXPECT_EQ(*list_files({"~/notes.txt"}, {"parquet"}), Names{root + "/notes.txt"});
  EXPECT_EQ(*local_path("~"), root);
  EXPECT_EQ(*local_path("~other/x"), "~other/x");
  ::setenv("HOME", home.c_str(), 1);
}

TEST_F(paths, what_is_remote_is_refused) {
  EXPECT_EQ(refusal("s3://bucket/x"),
            "s3://bucket/x is remote, and only local paths work as yet; copy the files to a disk of this machine, or "
            "mount what holds them");
  EXPECT_EQ(*local_path("file:///a/b"), "/a/b");
  EXPECT_EQ(*local_path("folder/a://b"), "folder/a://b");
}

TEST_F(paths, what_names_nothing_is_said) {
  EXPECT_EQ(refusal(root + "/none.parquet"), "there is no file or folder " + root + "/none.parquet");
  EXPECT_EQ(refusal(root + "/x*.parquet"), "no file matches the pattern " + root + "/x*.parquet");
  fs::create_directories(root + "/empty");
  EXPECT_EQ(refusal(root + "/empty"),
            "the folder " + root + "/empty holds no *.parquet file; names that begin with _ or . are left out");
  EXPECT_NE(refusal("nowhere/*.parquet").find("(looked in " + fs::current_path().string() + ")"), std::string::npos);
  EXPECT_FALSE(list_files({}, {"parquet"}).ok());
}

TEST(natural_order, compares_digits_as_numbers_and_is_an_order) {
  EXPECT_TRUE(natural_less("a2", "a10"));
  EXPECT_FALSE(natural_less("a10", "a2"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_TRUE(natural_less("a01", "a1"));
  EXPECT_FALSE(natural_less("a1", "a01"));
  EXPECT_FALSE(natural_less("a1", "a1"));
  EXPECT_TRUE(natural_less("a01b", "a1c"));
}

}  // namespace
}  // namespace klein
