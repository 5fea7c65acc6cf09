#pragma once
// Python's dates and times, and Arrow's counts of days and microseconds. GIL held in every call.

#include "interpreter.h"

#include <cstdint>
#include <string>

namespace klein::py {

/// New references; null with the exception set. A zone's name is as Arrow has it; empty: no zone.
PyObject* to_datetime(std::int64_t microseconds, const std::string& zone);
PyObject* to_date(std::int64_t days);
PyObject* to_time(std::int64_t microseconds);
PyObject* to_timedelta(std::int64_t microseconds);

/// What a Python object is, of these; and its count (microseconds since 1970, or of the day; days for a date). A
/// datetime with a zone counts in UTC.
enum class TimeKind { none, datetime, datetime_utc, date, time, timedelta };
TimeKind time_kind(PyObject* object);
/// False with the exception set.
bool time_count(PyObject* object, TimeKind kind, std::int64_t& count);

}  // namespace klein::py
