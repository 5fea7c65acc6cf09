/* Loaded before the C library's own calls and librdkafka's: kills the process at the n-th rename, link, unlink or fsync
   of a path that holds a word, or at the n-th call for a transaction of Kafka's ("begin", "number", "commit"), before
   the call or behind it, so that a test dies in the very step that it names.
   KLEIN_KILL_AT="rename committed 3 before", KLEIN_KILL_AT="commit kafka 2 behind" */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int left = -1; /* calls until the one; -1: not read yet */
static char wanted_call[16], wanted_word[64], wanted_when[16];

__attribute__((constructor)) static void read_wish(void) {
  const char* wish = getenv("KLEIN_KILL_AT");
  int count = 0;
  if (!wish || sscanf(wish, "%15s %63s %d %15s", wanted_call, wanted_word, &count, wanted_when) != 4) return;
  atomic_store(&left, count);
}

static int is_the_one(const char* call, const char* path) {
  if (atomic_load(&left) < 1 || strcmp(call, wanted_call) != 0 || !strstr(path, wanted_word)) return 0;
  return atomic_fetch_sub(&left, 1) == 1;
}

static void kill_now(int now) {
  if (now) kill(getpid(), SIGKILL);
}

static int before(void) { return strcmp(wanted_when, "before") == 0; }

static const char* path_of(int descriptor, char* place, size_t size) {
  char link_name[64];
  snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link_name, place, size - 1);
  place[length < 0 ? 0 : length] = 0;
  return place;
}

#define WATCHED(name, path, parameters, arguments)                      \
  int name parameters {                                                 \
    int(*real) parameters = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
    const int one = is_the_one(#name, path);                            \
    kill_now(one && before());                                          \
    const int result = real arguments;                                  \
    kill_now(one);                                                      \
    return result;                                                      \
  }

WATCHED(rename, to, (const char* from, const char* to), (from, to))
WATCHED(link, to, (const char* from, const char* to), (from, to))
WATCHED(unlink, path, (const char* path), (path))
WATCHED(fsync, path_of(descriptor, (char[4096]){0}, 4096), (int descriptor), (descriptor))

/* A plug-in's own library is looked up in, not in what the program was linked to. */
static void* in_kafka(const char* name) { return dlsym(dlopen("librdkafka.so.1", RTLD_NOW | RTLD_NOLOAD), name); }

#define WATCHED_KAFKA(name, short_name, parameters, arguments)      \
  void* name parameters {                                           \
    void*(*real) parameters = (void* (*)parameters)in_kafka(#name); \
    const int one = is_the_one(short_name, "kafka");                \
    kill_now(one && before());                                      \
    void* const result = real arguments;                            \
    kill_now(one);                                                  \
    return result;                                                  \
  }

WATCHED_KAFKA(rd_kafka_begin_transaction, "begin", (void* client), (client))
WATCHED_KAFKA(rd_kafka_send_offsets_to_transaction, "number",
              (void* client, const void* offsets, const void* group, int timeout), (client, offsets, group, timeout))
WATCHED_KAFKA(rd_kafka_commit_transaction, "commit", (void* client, int timeout), (client, timeout))
