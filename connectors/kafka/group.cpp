#include "connectors/kafka/group.h"

namespace klein {

namespace {
constexpr int last_moment_ms = 500;
}

KafkaGroup::KafkaGroup(KafkaClient& client, std::string name)
    : client_(client), name_(std::move(name)), answers_(rd_kafka_queue_new(client.get())) {}

KafkaGroup::~KafkaGroup() {
  if (asked_) (void)serve(last_moment_ms);
  if (asked_ || !waiting_) return;
  send(std::move(waiting_));
  (void)serve(last_moment_ms);
}

void KafkaGroup::note(KafkaPartitions offsets) {
  if (asked_ && !serve(0)) {
    waiting_ = std::move(offsets);
    return;
  }
  waiting_.reset();
  send(std::move(offsets));
}

void KafkaGroup::send(KafkaPartitions offsets) {
  auto* change = rd_kafka_AlterConsumerGroupOffsets_new(name_.c_str(), offsets.get());
  rd_kafka_AlterConsumerGroupOffsets(client_.get(), &change, 1, nullptr, answers_.get());
  rd_kafka_AlterConsumerGroupOffsets_destroy(change);
  asked_ = true;
}

/// Whether the last change is answered.
bool KafkaGroup::serve(int wait_ms) {
  auto* answer = rd_kafka_queue_poll(answers_.get(), wait_ms);
  if (!answer) return false;
  rd_kafka_event_destroy(answer);
  asked_ = false;
  return true;
}

}  // namespace klein
