#include "times.h"

#include <datetime.h>

#include <algorithm>

namespace klein::py {

namespace {

constexpr std::int64_t second = 1'000'000, day = 86'400 * second;

/// Python's C interface to its dates; imported where the first date is seen.
bool ready() {
  if (!PyDateTimeAPI) PyDateTime_IMPORT;
  return PyDateTimeAPI != nullptr;
}

struct Civil {
  int year, month, day;
};

// Days since 1970 and the Gregorian calendar, by 400-year eras that begin in March.
Civil civil_of(std::int64_t days) {
  days += 719468;
  const auto era = (days >= 0 ? days : days - 146096) / 146097;
  const auto of_era = days - era * 146097;
  const auto year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const auto of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto month = (5 * of_year + 2) / 153;
  const auto real_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {static_cast<int>(year + era * 400 + (real_month <= 2 ? 1 : 0)), real_month,
          static_cast<int>(of_year - (153 * month + 2) / 5 + 1)};
}

std::int64_t days_of(std::int64_t year, int month, int of_month) {
  year -= month <= 2 ? 1 : 0;
  const auto era = (year >= 0 ? year : year - 399) / 400;
  const auto of_era = year - era * 400;
  const auto of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + of_month - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

/// `moment` (in UTC, and saying so) as the same moment in `zone`.
PyObject* in_zone(PyObject* moment, const std::string& zone) {
  const auto utc = Reference::take(moment);
  if (!moment || zone == "UTC") return Reference(utc).give();
  const auto module = Reference::take(PyImport_ImportModule("zoneinfo"));
  if (!module) return nullptr;
  const auto info = Reference::take(PyObject_CallMethod(module.get(), "ZoneInfo", "s", zone.c_str()));
  return info ? PyObject_CallMethod(utc.get(), "astimezone", "O", info.get()) : nullptr;
}

std::int64_t of_day(int hour, int minute, int seconds, int microseconds) {
  return (hour * 3600LL + minute * 60 + seconds) * second + microseconds;
}

}  // namespace

PyObject* to_datetime(std::int64_t microseconds, const std::string& zone) {
  if (!ready()) return nullptr;
  const auto days = floor_div(microseconds, day);
  const auto date = civil_of(days);
  const auto rest = microseconds - days * day;
  const auto seconds = static_cast<int>(rest / second);
  auto* moment = PyDateTimeAPI->DateTime_FromDateAndTime(
      date.year, date.month, date.day, seconds / 3600, seconds / 60 % 60, seconds % 60, static_cast<int>(rest % second),
      zone.empty() ? Py_None : PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType);
  return zone.empty() ? moment : in_zone(moment, zone);
}

PyObject* to_date(std::int64_t days) {
  if (!ready()) return nullptr;
  const auto date = civil_of(days);
  return PyDate_FromDate(date.year, date.month, date.day);
}

PyObject* to_time(std::int64_t microseconds) {
  if (!ready()) return nullptr;
  const auto seconds = static_cast<int>(microseconds / second);
  return PyTime_FromTime(seconds / 3600, seconds / 60 % 60, seconds % 60, static_cast<int>(microseconds % second));
}

PyObject* to_timedelta(std::int64_t microseconds) {
  if (!ready()) return nullptr;
  const auto days = floor_div(microseconds, day);
  const auto rest = microseconds - days * day;
  return PyDelta_FromDSU(static_cast<int>(days), static_cast<int>(rest / second), static_cast<int>(rest % second));
}

TimeKind time_kind(PyObject* object) {
  if (!ready()) return PyErr_Clear(), TimeKind::none;
  if (PyDateTime_Check(object)) {
    return PyDateTime_DATE_GET_TZINFO(object) == Py_None ? TimeKind::datetime : TimeKind::datetime_utc;
  }
  if (PyDate_Check(object)) return TimeKind::date;
  if (PyTime_Check(object)) return TimeKind::time;
  return PyDelta_Check(object) ? TimeKind::timedelta : TimeKind::none;
}

bool time_count(PyObject* object, TimeKind kind, std::int64_t& count) {
  if (kind == TimeKind::datetime_utc) {
    const auto utc = Reference::take(PyObject_CallMethod(object, "astimezone", "O", PyDateTime_TimeZone_UTC));
    return utc && time_count(utc.get(), TimeKind::datetime, count);
  }
  const auto days = [&] {
    return days_of(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object), PyDateTime_GET_DAY(object));
  };
  if (kind == TimeKind::date) {
    count = days();
  } else if (kind == TimeKind::time) {
    count = of_day(PyDateTime_TIME_GET_HOUR(object), PyDateTime_TIME_GET_MINUTE(object),
                   PyDateTime_TIME_GET_SECOND(object), PyDateTime_TIME_GET_MICROSECOND(object));
  } else if (kind == TimeKind::timedelta) {
    count = PyDateTime_DELTA_GET_DAYS(object) * day + PyDateTime_DELTA_GET_SECONDS(object) * second +
            PyDateTime_DELTA_GET_MICROSECONDS(object);
  } else {
    count = days() * day + of_day(PyDateTime_DATE_GET_HOUR(object), PyDateTime_DATE_GET_MINUTE(object),
                                  PyDateTime_DATE_GET_SECOND(object), PyDateTime_DATE_GET_MICROSECOND(object));
  }
  return true;
}

}  // namespace klein::py
