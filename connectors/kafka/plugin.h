#pragma once
// What klein_kafka.so gives to libklein, through the one C function that it exports. It is a shared object of its own
// because librdkafka brings OpenSSL, which must meet no other copy.

#include <memory>

#include "op/registry.h"

namespace klein {

struct KafkaPlugin {
  Result<std::unique_ptr<Source>> (*read)(const Params& params);
  Result<std::unique_ptr<Sink>> (*write)(const Params& params);
  Result<std::unique_ptr<Committer>> (*committer)(Store* store);
};

Result<std::unique_ptr<Source>> make_kafka_source(const Params& params);
Result<std::unique_ptr<Sink>> make_kafka_sink(const Params& params);
Result<std::unique_ptr<Committer>> make_kafka_committer(Store* store);

}  // namespace klein

extern "C" const klein::KafkaPlugin* klein_kafka_plugin();
