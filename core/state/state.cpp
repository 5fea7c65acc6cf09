#include "state/state.h"

#include <iterator>
#include <utility>

namespace klein {

void State::follow(State later) {
  value = std::move(later.value);
  if (!later.since_last) {
    since_last = false;
    tables = std::move(later.tables);
    return;
  }
  for (auto& [name, rows] : later.tables) {
    auto& all = tables[name];
    all.insert(all.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
}

}  // namespace klein
