#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/scalar.h>
#include <arrow/util/compression.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "connectors/line_blocks.h"
#include "connectors/source_suite.h"
#include "op/json_rows.h"

namespace klein {
void register_text(Registry& registry);
void register_json(Registry& registry);
void register_csv(Registry& registry);
void register_binary(Registry& registry);

namespace {

class LineFiles : public ::testing::Test {
 protected:
  LineFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "klein-lines-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~LineFiles() override { std::filesystem::remove_all(root); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(root + "/" + name, std::ios::binary) << text;
    return root + "/" + name;
  }
  std::string compressed(const std::string& name, const std::string& text, arrow::Compression::type type) const {
    const auto codec = *arrow::util::Codec::Create(type);
    const auto stream =
        *arrow::io::CompressedOutputStream::Make(codec.get(), *arrow::io::FileOutputStream::Open(root + "/" + name));
    EXPECT_TRUE(stream->Write(text).ok() && stream->Close().ok());
    return root + "/" + name;
  }
  static std::vector<std::string> rows(const Source& source) {
    std::vector<Batch> batches;
    const auto splits = source.splits();
    for (const auto& split : *splits) {
      for (auto& pulled : read_split(source, split)) batches.push_back(*pulled.batch);
    }
    return *rows_to_json(batches);
  }
  /// What reading the one split says is wrong.
  static Error failure(const Source& source) {
    const auto reader = source.open(source.splits()->front(), {});
    if (!reader.ok()) return reader.error();
    while (true) {
      const auto pulled = (*reader)->pull(Context{});
      if (!pulled.ok()) return pulled.error();
      if (pulled->what != Pulled::What::rows) return Error(Code::internal, "nothing is wrong");
    }
  }
  static std::string numbered(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
  }

  std::string root;
};

using Lines = std::vector<std::string>;

TEST_F(LineFiles, text_is_the_same_from_any_position_compressed_or_not) {
  file("a.txt", "one\r\ntwo\n\nlast without an end");
  compressed("b.txt.gz", numbered(5), arrow::Compression::GZIP);
  compressed("c.log.zst", numbered(4), arrow::Compression::ZSTD);
  compressed("d.bin.gz", "not ours", arrow::Compression::GZIP);
  const auto source = *make_source(register_text, "read_text", {{"path", root}});
  expect_resumable(*source);
  EXPECT_EQ(read_all(*source)->num_rows(), 4 + 5 + 4);
  EXPECT_EQ(rows(*source)[0], R"({"line":"one"})");
  EXPECT_EQ(rows(*source)[3], R"({"line":"last without an end"})");
}

TEST_F(LineFiles, text_of_many_blocks_is_read_once_from_any_position) {
  const auto source = *make_source(register_text, "read_text", {{"path", file("a.txt", numbered(200'000))}});
  const auto whole = read_split(*source, source->splits()->front(), {.rows = 1'000'000});
  ASSERT_GT(whole.size(), 2U);
  EXPECT_EQ(to_table(*source, whole)->num_rows(), 200'000);
  auto rest = source->splits()->front();
  rest.position = whole[1].position;
  const auto done = whole[0].batch->rows() + whole[1].batch->rows();
  const auto after = read_split(*source, rest, {.rows = 777});
  EXPECT_EQ(to_table(*source, after)->num_rows(), 200'000 - done);
  EXPECT_EQ(after.front().batch->row_number(0), done);
}

TEST_F(LineFiles, ranges_of_a_file_share_its_lines_wherever_they_are_cut) {
  const auto text = numbered(40);
  const auto path = file("a.txt", text);
  for (std::int64_t cut = 1; cut < static_cast<std::int64_t>(text.size()); ++cut) {
    std::string joined;
    for (const auto& range : {FileRange{path, 0, cut}, FileRange{path, cut, -1}}) {
      const auto blocks = *LineBlocks::open(range, -1, 0, false);
      for (auto block = *blocks->next(); !block.empty(); block = *blocks->next()) {
        EXPECT_TRUE(block.starts_with("line "));
        joined += block;
      }
    }
    ASSERT_EQ(joined, text) << cut;
  }
}

TEST_F(LineFiles, text_that_is_not_utf8_is_an_error_that_names_the_line) {
  const auto source = *make_source(register_text, "read_text", {{"path", file("a.txt", "good\nb\xff\n")}});
  EXPECT_EQ(
      failure(*source).text(), "row " + root + "/a.txt:1: the line is not UTF-8; read such files with read_binary");
}

TEST_F(LineFiles, json_takes_its_columns_from_the_first_block_or_the_schema) {
  const auto path = file("a.json", "{\"id\": 1, \"name\": \"x\"}\n\n{\"id\": 2, \"more\": [1]}\n");
  const auto found = *make_source(register_json, "read_json", {{"path", path}});
  expect_resumable(*found);
  EXPECT_EQ(rows(*found)[1], R"({"id":2,"name":null,"more":[1]})");
  const auto given =
      *make_source(register_json, "read_json", {{"path", path}, {"schema", "name: string, at: float64"}});
  EXPECT_EQ(rows(*given), (Lines{R"({"name":"x","at":null})", R"({"name":null,"at":null})"}));
}

TEST_F(LineFiles, columns_come_from_the_first_file_that_holds_a_row) {
  file("a.json", "\n");
  file("b.json", "{\"id\": 1}\n");
  EXPECT_EQ(rows(**make_source(register_json, "read_json", {{"path", root}})), Lines{R"({"id":1})"});
  file("a.csv", "");
  file("b.csv", "id,note\n");
  const auto none = *make_source(register_csv, "read_csv", {{"path", root}});
  EXPECT_EQ(none->schema().names(), (Lines{"id", "note"}));
  EXPECT_EQ(rows(*none), Lines{});
  file("c.csv", "note,id\nx,2\n");
  EXPECT_EQ(rows(**make_source(register_csv, "read_csv", {{"path", root}})), Lines{R"({"note":"x","id":2})"});
}

TEST_F(LineFiles, json_that_does_not_fit_names_its_row) {
  const auto path = file("a.json", "{\"id\": 1}\n{\"id\": \"two\"}\n");
  const auto source = *make_source(register_json, "read_json", {{"path", path}, {"schema", "id: int64"}});
  EXPECT_EQ(failure(*source).row(), path + ":1");
  const auto real = file("c.json", "{\"id\": 1}\n\n{\"id\": 2}\n{\"id\": 2.5}\n");
  EXPECT_EQ(
      failure(**make_source(register_json, "read_json", {{"path", real}, {"schema", "id: int64"}})).row(), real + ":2");
  const auto bytes = file("d.json", "{\"id\": \"a\"}\n{\"id\": \"\xff\"}\n");
  EXPECT_EQ(failure(**make_source(register_json, "read_json", {{"path", bytes}, {"schema", "id: string"}})).text(),
            "row " + bytes + ":1: the line is not UTF-8");
  const auto empty = make_source(register_json, "read_json", {{"path", file("b.json", "\n")}});
  EXPECT_NE(empty.error().message().find("give schema="), std::string::npos);
}

TEST_F(LineFiles, csv_keeps_line_breaks_in_quotes_and_tells_null_from_empty) {
  const auto path = file("a.csv", "id,note\n1,\"two\nlines\"\n2,\n3,\"\"\n");
  const auto source = *make_source(register_csv, "read_csv", {{"path", path}});
  expect_resumable(*source);
  EXPECT_EQ(
      rows(*source), (Lines{R"({"id":1,"note":"two\nlines"})", R"({"id":2,"note":null})", R"({"id":3,"note":""})"}));
}

TEST_F(LineFiles, csv_blocks_end_outside_quotes_and_a_quote_within_a_field_is_a_character) {
  std::string text = "id,note\n";
  for (int i = 0; i < 60'000; ++i) {
    const std::array<std::string, 4> notes = {"5\" pipe", "\"a\nb,\"\"c\"\"\n\"", "plain", "\"\""};
    text += std::to_string(i) + "," + notes[static_cast<std::size_t>(i % 4)] + "\n";
  }
  const auto source = *make_source(register_csv, "read_csv", {{"path", file("a.csv", text + text.substr(8))}});
  const auto whole = read_split(*source, source->splits()->front(), {.rows = 1'000'000});
  ASSERT_GT(whole.size(), 1U);
  const auto table = to_table(*source, whole);
  ASSERT_EQ(table->num_rows(), 120'000);
  for (const std::int64_t row : {0, 29'999, 59'997, 119'996}) {
    const auto note = (*table->column(1)->GetScalar(row))->ToString();
    EXPECT_EQ(note, row % 4 == 0 ? "5\" pipe" : row % 4 == 1 ? "a\nb,\"c\"\n" : "") << row;
  }
}

TEST_F(LineFiles, csv_without_a_header_takes_names_and_types_from_the_schema) {
  const auto path = file("a.csv", "1;NA\n2;3.5\n");
  const auto source = *make_source(
      register_csv, "read_csv",
      {{"path", path}, {"header", false}, {"delimiter", ";"}, {"null", "NA"}, {"schema", "id: string, x: float64"}});
  expect_resumable(*source);
  EXPECT_EQ(rows(*source), (Lines{R"({"id":"1","x":null})", R"({"id":"2","x":3.5})"}));
  const auto wrong = make_source(register_csv, "read_csv", {{"path", path}, {"delimiter", ";;"}});
  EXPECT_FALSE(wrong.ok());
}

TEST_F(LineFiles, csv_files_may_have_their_columns_in_any_order_and_must_have_them) {
  file("a.csv", "\nid,note\n1,one\n");
  file("b.csv", "more,note,id\nx,two,2\n");
  file("c.csv", "");
  const auto source = *make_source(register_csv, "read_csv", {{"path", root}});
  expect_resumable(*source);
  EXPECT_EQ(rows(*source), (Lines{R"({"id":1,"note":"one"})", R"({"id":2,"note":"two"})"}));
  const auto other = file("d.csv", "id,other\n3,three\n");
  const auto more = *make_source(register_csv, "read_csv", {{"path", root}});
  const auto refused = more->open(more->splits()->back(), {});
  EXPECT_EQ(
      refused.error().message(), other + ": the file has no column 'note', which is to be read; it has id, other");
  EXPECT_FALSE(make_source(register_csv, "read_csv", {{"path", file("e.csv", "id,id\n1,2\n")}}).ok());
}

TEST_F(LineFiles, csv_that_does_not_fit_is_an_error) {
  const auto path = file("a.csv", "id\n1\nx\n");
  const auto source = *make_source(register_csv, "read_csv", {{"path", path}, {"schema", "id: int64"}});
  EXPECT_EQ(failure(*source).text(),
            "row " + path + ":1: this is no CSV of the columns' types: In CSV column #0: " +
                "int64: invalid value 'x'; mend the file, or give schema= with types that " + "hold all values");
  EXPECT_FALSE(make_source(register_csv, "read_csv", {{"path", file("b.csv", "id\n\xff\n")}}).ok());
}

TEST_F(LineFiles, a_binary_file_is_a_row) {
  file("a.bin", std::string("\0\xff", 2));
  file("b.wav", "");
  const auto source = *make_source(register_binary, "read_binary", {{"path", root}});
  expect_resumable(*source);
  EXPECT_EQ(read_all(*source)->num_rows(), 2);
  const auto some = *make_source(register_binary, "read_binary", {{"path", root}, {"extensions", "wav"}});
  EXPECT_EQ(rows(*some).size(), 1U);
}

}  // namespace
}  // namespace klein
