// read_kafka, write_kafka: their rows. What they do is in klein_kafka.so, opened when the first of them is made.

#include "base/plugin.h"
#include "connectors/kafka/plugin.h"

namespace klein {

namespace {

Result<const KafkaPlugin*> plugin() {
  static const auto opened = open_plugin("klein_kafka", "Kafka");
  return static_cast<const KafkaPlugin*>(KLEIN_TRY(opened));
}

Param servers_param() {
  return {.name = "bootstrap_servers",
          .type = ParamType::string,
          .doc = "A broker's address, or several: \"localhost:9092,other:9092\".",
          .keyword_only = true};
}

Param client_param() {
  return {.name = "client",
          .type = ParamType::settings,
          .doc =
              "librdkafka's own settings, such as {\"security.protocol\": \"SASL_SSL\", \"sasl.password\": ...}. "
              "Those that are secret are shown nowhere.",
          .fallback = Value(),
          .keyword_only = true};
}

std::vector<Param> read_params() {
  return {
      {.name = "topic", .type = ParamType::strings, .doc = "A topic, or a list of them."},
      servers_param(),
      {.name = "start_offset",
       .type = ParamType::any,
       .doc = "Where to begin: \"earliest\", \"latest\", a time (ISO 8601 in UTC, or milliseconds since "
              "1970), or offsets by partition, {0: 120}; partitions that are not named begin at the "
              "earliest. A job that goes on goes on where its snapshot was.",
       .fallback = "earliest",
       .keyword_only = true},
      {.name = "end_offset",
       .type = ParamType::any,
       .doc = "Where to stop, before the record that is there: the same forms; \"latest\" is the "
              "partition's end when the job begins. By default there is no end, and the job is a "
              "stream.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "metadata",
       .type = ParamType::boolean,
       .doc = "Whether `key`, `topic`, `partition`, `offset`, `timestamp` and `headers` are columns too.",
       .fallback = false,
       .keyword_only = true},
      {.name = "group",
       .type = ParamType::string,
       .doc = "A group whose offsets say, for tools that show lag, what snapshots hold. It is never read "
              "from.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "discovery_interval",
       .type = ParamType::string,
       .doc = "How often to look whether the topics have got partitions, which are then read from their "
              "begin; None: never. A read with an end does not look.",
       .fallback = "5min",
       .keyword_only = true},
      client_param()};
}

SourceKind read_kind() {
  return {.name = "read_kafka",
          .doc =
              "Records of Kafka topics, a row each, as they are in the column `value`. A partition is a split; "
              "records of transactions are read once these are committed. Which were read is in the job's snapshot.",
          .params = read_params(),
          .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
            return KLEIN_TRY(plugin())->read(params);
          }};
}

std::vector<Param> write_params() {
  return {
      {.name = "topic", .type = ParamType::string, .doc = "The topic, which must be there."},
      servers_param(),
      {.name = "key",
       .type = ParamType::string,
       .doc = "The column that is a record's key, of text, bytes or integers (written as decimals): "
              "records of one key are in one partition.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "partition",
       .type = ParamType::string,
       .doc = "The column that says into which partition a record goes, as a number; it is not in the "
              "value. By default the key decides, as with Java's clients.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "columns",
       .type = ParamType::strings,
       .doc = "Those that the value is made of; by default all, but `partition`.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "value_format",
       .type = ParamType::string,
       .doc = "What a value is: a JSON object, the \"raw\" text or bytes of one column (`value`, or the "
              "one that is left), or an Arrow stream of one row.",
       .fallback = "json",
       .choices = {"json", "raw", "arrow"},
       .keyword_only = true},
      {.name = "delivery",
       .type = ParamType::string,
       .doc = "\"at_least_once\": records are there at once, and a job that is killed and goes on "
              "writes those again that came after its last snapshot. \"exactly_once\": they are there "
              "once a snapshot holds them, for readers of what is committed; it needs a checkpoint.",
       .fallback = "at_least_once",
       .choices = {"at_least_once", "exactly_once"},
       .keyword_only = true},
      client_param()};
}

SinkKind write_kind() {
  return {
      .name = "write_kafka",
      .doc = "Write rows into a Kafka topic, a record each: at least once, or exactly once.",
      .params = write_params(),
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> { return KLEIN_TRY(plugin())->write(params); },
      .committer = [](Store* store) -> Result<std::unique_ptr<Committer>> {
        return KLEIN_TRY(plugin())->committer(store);
      }};
}

}  // namespace

void register_kafka(Registry& registry) {
  registry.add(read_kind());
  registry.add(write_kind());
}

}  // namespace klein
