#include "state/state.h"

#include <iterator>
#include <utility>

namespace klein {

Result<> LateRows::each(const Take& take) const {
  const auto reader = read();
  while (auto batch = KLEIN_TRY(reader->next())) KLEIN_TRY(take(*std::move(batch)));
  return {};
}

void State::follow(State later) {
  value = std::move(later.value);
  if (!later.since_last) {
    since_last = false;
    tables = std::move(later.tables);
    late = std::move(later.late);
    return;
  }
  const auto add = [](auto& tables_of, auto& more) {
    for (auto& [name, rows] : more) {
      auto& all = tables_of[name];
      all.insert(all.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
    }
  };
  add(tables, later.tables);
  add(late, later.late);
}

}  // namespace klein
