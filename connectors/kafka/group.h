#pragma once
// KafkaGroup — a consumer group's offsets, set and read from outside: Klein is no member of any group, so a client that
// goes need not wait for one. Called by one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace klein {

class KafkaGroup {
 public:
  /// `client` outlives this.
  KafkaGroup(KafkaClient& client, std::string name);
  /// Waits a moment for what was noted last.
  ~KafkaGroup();
  KafkaGroup(const KafkaGroup&) = delete;
  KafkaGroup& operator=(const KafkaGroup&) = delete;

  /// Shows the group's lag tools how far reading is. Not waited for, and no harm where it fails: the next one tells
  /// all.
  void note(KafkaPartitions offsets);

 private:
  void send(KafkaPartitions offsets);
  bool serve(int wait_ms);

  KafkaClient& client_;
  const std::string name_;
  const KafkaQueue answers_;
  bool asked_ = false;       // and not answered
  KafkaPartitions waiting_;  // to be sent then
};

}  // namespace klein
