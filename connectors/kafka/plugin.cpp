#include "connectors/kafka/plugin.h"

extern "C" const klein::KafkaPlugin* klein_kafka_plugin() {
  static constexpr klein::KafkaPlugin plugin{
      .read = klein::make_kafka_source, .write = klein::make_kafka_sink, .committer = klein::make_kafka_committer};
  return &plugin;
}
