#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>

#include <filesystem>
#include <fstream>

#include "connectors/source_suite.h"

namespace klein {
void register_images(Registry& registry);
namespace {

namespace fs = std::filesystem;

/// A PNG of 5 by 3 pixels up to the end of its header: all that its size is read from.
std::string png_header() {
  const unsigned char bytes[] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 'I',  'H',  'D',  'R', 0,
                                 0,    0,   5,   0,   0,    0,    3,    8,    2, 0, 0, 0,  0x92, 0x47, 0xd6, 0xcf};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

class ReadImages : public ::testing::Test {
 protected:
  ReadImages() {
    std::string pattern = (fs::temp_directory_path() / "klein-images-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~ReadImages() override { fs::remove_all(root); }

  void put(const std::string& name, const std::string& bytes) const {
    std::ofstream(root + "/" + name, std::ios::binary) << bytes;
  }
  std::unique_ptr<Source> read(Value::Map given = {}) const {
    given.emplace_back("path", root);
    auto source = make_source(register_images, "read_images", given);
    EXPECT_TRUE(source.ok()) << source.error().text();
    return *std::move(source);
  }

  std::string root;
};

TEST_F(ReadImages, gives_path_bytes_and_size_in_natural_order) {
  put("10.png", "no picture");
  put("9.png", png_header());
  put("notes.txt", "not ours");
  const auto rows = *read_all(*read())->CombineChunksToBatch();
  ASSERT_EQ(rows->num_rows(), 2);
  const auto& paths = static_cast<const arrow::StringArray&>(*rows->column(0));
  const auto& bytes = static_cast<const arrow::BinaryArray&>(*rows->column(1));
  const auto& widths = static_cast<const arrow::Int32Array&>(*rows->column(2));
  const auto& heights = static_cast<const arrow::Int32Array&>(*rows->column(3));
  EXPECT_EQ(paths.GetView(0), root + "/9.png");
  EXPECT_EQ(bytes.GetView(1), "no picture");
  EXPECT_EQ(widths.Value(0), 5);
  EXPECT_EQ(heights.Value(0), 3);
  EXPECT_TRUE(widths.IsNull(1));
  EXPECT_TRUE(heights.IsNull(1));
}

TEST_F(ReadImages, goes_on_from_any_position_in_splits_of_64_files) {
  for (int i = 1; i <= 70; ++i) put(std::to_string(i) + ".jpg", std::string(static_cast<std::size_t>(i), 'x'));
  const auto source = read();
  const auto splits = *source->splits();
  ASSERT_EQ(splits.size(), 2U);
  EXPECT_EQ(splits[0].id, root + "/1.jpg.." + root + "/64.jpg");
  EXPECT_EQ(splits[1].rows, 6);
  expect_resumable(*source);
}

TEST_F(ReadImages, batches_are_cut_by_bytes_and_a_larger_file_comes_alone) {
  for (const auto* name : {"1.jpg", "2.jpg", "3.jpg", "4.jpg"}) put(name, std::string(400, 'x'));
  put("5.jpg", std::string(5000, 'x'));
  const auto source = read();
  std::vector<std::int64_t> sizes;
  for (const auto& pulled : read_split(*source, source->splits()->front(), {.rows = 100, .bytes = 1000})) {
    sizes.push_back(pulled.batch->rows());
  }
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{2, 2, 1}));
}

TEST_F(ReadImages, paths_alone_open_no_file) {
  put("1.jpg", "x");
  const auto source = read({{"columns", "path"}});
  fs::remove(root + "/1.jpg");
  EXPECT_EQ(read_all(*source)->num_rows(), 1);
  EXPECT_EQ(source->schema().text(), "path: string");
}

TEST_F(ReadImages, a_file_that_cannot_be_read_ends_the_job_by_name_or_is_left_out) {
  for (const auto* name : {"1.jpg", "2.jpg", "3.jpg"}) put(name, name);
  const auto strict = read(), lenient = read({{"on_error", "skip"}});
  fs::remove(root + "/2.jpg");
  const auto reader = *strict->open(strict->splits()->front(), {});
  const auto failed = reader->pull({});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().row(), root + "/2.jpg");
  EXPECT_EQ(failed.error().message(), "cannot open " + root + "/2.jpg: No such file or directory");
  const auto kept = read_split(*lenient, lenient->splits()->front());
  EXPECT_EQ(row_numbers(kept), (std::vector<std::int64_t>{0, 2}));
}

}  // namespace
}  // namespace klein
