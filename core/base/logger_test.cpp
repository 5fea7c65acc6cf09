#include "base/logger.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace klein {
namespace {

class LoggerTest : public ::testing::Test {
 protected:
  Logger::Sink sink() {
    return [this](Level level, std::string_view line) {
      const Lock lock(mutex_);
      lines_.push_back(std::string(to_string(level)) + ": " + std::string(line));
    };
  }
  std::vector<std::string> lines() {
    const Lock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ KLEIN_GUARDED_BY(mutex_);
};

TEST_F(LoggerTest, drops_what_is_below_its_level) {
  Logger logger(sink(), Level::warning);
  logger.log(Level::info, "unheard");
  logger.log(Level::error, "heard");
  EXPECT_FALSE(logger.wants(Level::info));
  logger.set_level(Level::debug);
  logger.log(Level::debug, "heard too");
  EXPECT_EQ(lines(), (std::vector<std::string>{"error: heard", "debug: heard too"}));
}

TEST_F(LoggerTest, a_message_is_one_line) {
  const Logger logger(sink());
  logger.log(Level::info, "user wrote:\r\nerror: not ours");
  EXPECT_EQ(lines(), std::vector<std::string>{"info: user wrote:\\r\\nerror: not ours"});
}

TEST_F(LoggerTest, standard_error_gets_whole_lines) {
  testing::internal::CaptureStderr();
  Logger(to_standard_error()).log(Level::warning, "disk is nearly full");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "klein: warning: disk is nearly full\n");
}

TEST_F(LoggerTest, many_threads_lose_no_line) {
  const Logger logger(sink());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) logger.log(Level::info, "x");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines().size(), 400U);
}

}  // namespace
}  // namespace klein
