#pragma once
// What is to be done about an epoch, from what is known of it. Pure: facts in, verdict out.

namespace klein {

struct EpochFacts {
  int expected = 0, stored = 0;  // tasks; who is expected is fixed when the epoch begins
  bool write_failed = false;     // of one of them
  bool running = true;           // the job; false: it was left, or stopped without a snapshot
  bool sealed = false;           // its manifest stands
  bool commits = false;          // its tokens are to be committed once it is sealed
  bool committed = false;
};

enum class Verdict {
  wait,
  seal,     // create its manifest
  discard,  // fill its manifest's slot with a tombstone
  commit,   // its tokens
  done,
};

inline Verdict judge(const EpochFacts& facts) {
  if (facts.sealed) return facts.commits && !facts.committed ? Verdict::commit : Verdict::done;
  if (facts.write_failed || !facts.running) return Verdict::discard;
  return facts.stored >= facts.expected ? Verdict::seal : Verdict::wait;
}

}  // namespace klein
