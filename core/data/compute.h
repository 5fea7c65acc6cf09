#pragma once
// Arrow's compute kernels must be registered once before the first is used; it costs two milliseconds, so it is done by
// whoever needs them and not at start.

namespace klein {

/// Any thread, any number of times.
void initialize_compute();

}  // namespace klein
