#include "base/text.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

const std::vector<std::string> columns = {"price", "count", "id"};

TEST(Text, the_nearest_name_is_a_small_mistake_away) {
  EXPECT_EQ(nearest("prise", columns), "price");
  EXPECT_EQ(nearest("conut", columns), "count");
  EXPECT_EQ(nearest("Price", columns), "price");
  EXPECT_EQ(nearest("something_else", columns), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Text, a_suggestion_names_what_there_is) {
  EXPECT_EQ(suggestion("prise", columns), " Did you mean 'price'? Known: price, count, id.");
  EXPECT_EQ(suggestion("something_else", columns), " Known: price, count, id.");
  EXPECT_EQ(suggestion("prise", {}), "");
}

TEST(Text, a_long_list_of_names_is_cut) {
  const std::vector<std::string> many(21, "name");
  EXPECT_TRUE(suggestion("something_else", many).ends_with("name, name, ..."));
}

TEST(Text, joins_empty_words_too) {
  EXPECT_EQ(join(std::vector<std::string>{"", "a", ""}), ", a, ");
  EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, "/"), "a/b");
  EXPECT_EQ(join({}), "");
}

}  // namespace
}  // namespace klein
