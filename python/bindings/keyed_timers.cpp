// Timers of functions by key.

#include <nanobind/stl/string.h>

#include "data.h"
#include "errors.h"
#include "keyed_instance.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

/// The values of the timers' keys, a tuple each.
Result<std::vector<nb::tuple>> keys_of(const nb::list& timers, const KeyCodec& codec) {
  std::vector<std::string_view> keys;
  for (const auto timer : timers) {
    const nb::object key = timer[1];
    keys.emplace_back(PyBytes_AS_STRING(key.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(key.ptr())));
  }
  const auto columns = KLEIN_TRY(codec.decode(keys));
  std::vector<std::unique_ptr<Cells>> cells;
  for (std::size_t i = 0; i < columns.size(); ++i) cells.push_back(KLEIN_TRY(cells_of(columns[i], codec.names()[i])));
  std::vector<nb::tuple> all;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    nb::list values;
    for (const auto& column : cells) {
      auto value = nb::steal(column->get(static_cast<std::int64_t>(row)));
      if (!value.is_valid()) return caught();
      values.append(value);
    }
    all.push_back(nb::tuple(values));
  }
  return all;
}

}  // namespace

Result<KeyedInstance::Rung> PythonInstance::ring(std::int64_t time, std::int64_t now) {
  const bool due = next_time_ != never && next_time_ <= time;
  if (!due && (next_ == 0 || next_ > now)) return Rung{};  // the usual case costs no entry
  const Entered gil;
  reset();
  nb::list timers;
  KLEIN_TRY(guarded([&] {
    timers = nb::cast<nb::list>(nb::handle(object_.get()).attr("due")(time, now));
    return 0;
  }));
  KLEIN_TRY(ring_each(timers));
  auto columns = KLEIN_TRY(finished());
  Rung rung{.batches = {}, .more = timers.size() > 0};
  if (columns) rung.batches.emplace_back(std::move(columns));
  return rung;
}

Result<> PythonInstance::ring_each(const nb::list& timers) {
  const auto keys = KLEIN_TRY(keys_of(timers, *codec_));
  const auto ring = nb::steal(PyObject_GetAttrString(object_.get(), "ring"));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const nb::object timer = timers[i];
    const auto emitted = nb::steal(PyObject_CallFunctionObjArgs(ring.ptr(), timer.ptr(), keys[i].ptr(), nullptr));
    if (!emitted.is_valid()) return caught();
    KLEIN_TRY(keep(emitted.ptr()));
  }
  return {};
}

/// When the next timers are due, so that asking costs nothing where there are none.
Result<> PythonInstance::learn_timers() {
  KLEIN_TRY(guarded([&] {
    const nb::object next = nb::handle(object_.get()).attr("next_timers")();
    next_time_ = nb::cast<std::int64_t>(next[0]);
    next_ = nb::cast<std::int64_t>(next[1]);
    return 0;
  }));
  return {};
}

}  // namespace klein::py
