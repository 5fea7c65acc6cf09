#include "operators/join_output.h"

#include <arrow/record_batch.h>

namespace klein {

Result<> JoinOutput::give_pairs(int side, const Batch& own, const JoinRows& others, const Pairs& pairs, Output& out) {
  if (pairs.size() == 0) return {};
  const auto& parts = others.parts();
  std::vector<Pairs> by_part(parts.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto place = parts.size() == 1 ? 0 : others.part_of(pairs.right[i]);
    by_part[place].add(pairs.left[i], pairs.right[i] - parts[place].first);
  }
  const auto* columns = KLEIN_TRY(columns_of(side, own.schema(), others.schema()));
  for (std::size_t place = 0; place < parts.size(); ++place) {
    const auto &of_own = by_part[place].left, &of_others = by_part[place].right;
    if (of_own.empty()) continue;
    const auto& other = parts[place].rows;
    out.emit(own.derive(side == 0 ? KLEIN_TRY(columns->rows(&own, of_own, &other, of_others))
                                  : KLEIN_TRY(columns->rows(&other, of_others, &own, of_own)),
                        of_own));
  }
  return {};
}

Result<> JoinOutput::give_alone(int side, const Batch& own, const std::vector<std::int64_t>& rows,
                                const std::optional<Schema>& other, Output& out, Port port) {
  if (rows.empty()) return {};
  if (side == 0 && joined_.gives_left_only()) {
    out.emit(KLEIN_TRY(own.pick(rows)), port);
    return {};
  }
  const auto* columns = KLEIN_TRY(columns_of(side, own.schema(), other));
  out.emit(own.derive(side == 0 ? KLEIN_TRY(columns->rows(&own, rows, nullptr, {}))
                                : KLEIN_TRY(columns->rows(nullptr, {}, &own, rows)),
                      rows),
           port);
  return {};
}

Result<const JoinColumns*> JoinOutput::columns_of(int side, const Schema& own, const std::optional<Schema>& came) {
  const auto& other = came ? came : declared_[static_cast<std::size_t>(1 - side)];
  if (!other)
    return Error(Code::invalid, std::string("no row of the ") + (side == 0 ? "second" : "first") +
                                    " flow has come, so its columns are not known: give the step before it a schema=");
  const auto& left = side == 0 ? own : *other;
  const auto& right = side == 0 ? *other : own;
  if (!columns_ || !(*left_ == left) || !(*right_ == right)) {
    columns_ = KLEIN_TRY(JoinColumns::make(left, right, joined_));
    left_ = left;
    right_ = right;
  }
  return &*columns_;
}

}  // namespace klein
