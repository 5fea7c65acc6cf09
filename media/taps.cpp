#include "media/taps.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace klein {
namespace {

struct Filter {
  double support;
  double (*weight)(double);
};

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }
double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

Filter filter_of(Resample resample) {
  switch (resample) {
    case Resample::bilinear: return {1.0, triangle};
    case Resample::bicubic: return {2.0, cubic};
    case Resample::area: return {0.5, box};
  }
  KLEIN_ASSERT(false);
}

/// What one output is made of, before rounding.
struct Window {
  int first = 0;
  std::vector<double> weights;
};

Window window_at(int output, const Axis& axis, Filter filter) {
  const double scale = static_cast<double>(axis.from) / axis.to;
  const double widening = std::max(scale, 1.0);
  const double support = filter.support * widening, center = (output + 0.5) * scale;
  const int first = std::max(0, static_cast<int>(center - support + 0.5));
  const int end = std::min(axis.from, static_cast<int>(center + support + 0.5));
  Window window{.first = first, .weights = std::vector<double>(static_cast<std::size_t>(end - first))};
  double sum = 0;
  for (int i = first; i < end; ++i) sum += window.weights[i - first] = filter.weight((i - center + 0.5) / widening);
  for (double& weight : window.weights) weight /= sum;
  return window;
}

/// The same output made of the samples from which the window's own were to be made.
Window fold(const Window& window, const Axis& axis) {
  const auto last = axis.samples - 1;
  const auto end = window.first + static_cast<int>(window.weights.size());
  const int low = std::clamp(window.first / axis.factor - 1, 0, last), high = std::min(last, end / axis.factor + 1);
  Window folded{.first = low, .weights = std::vector<double>(static_cast<std::size_t>(high - low + 1))};
  for (int i = window.first; i < end; ++i) {
    const double weight = window.weights[i - window.first];
    const int sample = std::min(last, i / axis.factor);
    const int neighbour = std::clamp(i % 2 == 0 ? sample - 1 : sample + 1, 0, last);
    const bool repeated = !axis.smooth || axis.samples <= 2;
    folded.weights[sample - low] += repeated ? weight : weight * 0.75;
    if (!repeated) folded.weights[neighbour - low] += weight * 0.25;
  }
  return folded;
}

/// The most bits with which every weight fits 16 of them and every sum of weighted bytes 32.
int shift_for(const std::vector<Window>& windows) {
  double most = 0;
  for (const auto& window : windows) {
    for (const double weight : window.weights) most = std::max(most, std::abs(weight));
  }
  int shift = 14;
  while (shift < 21 && most * (1 << (shift + 1)) < 32000) ++shift;  // some room for what rounding adds
  return shift;
}

/// Rounded so that they add up to exactly 1: an even area keeps its colour.
void quantise(const Window& window, int shift, std::int16_t* weights) {
  int left = 1 << shift;
  std::size_t largest = 0;
  for (std::size_t i = 0; i < window.weights.size(); ++i) {
    weights[i] = static_cast<std::int16_t>(std::lround(window.weights[i] * (1 << shift)));
    left -= weights[i];
    if (window.weights[i] > window.weights[largest]) largest = i;
  }
  weights[largest] = static_cast<std::int16_t>(weights[largest] + left);
}

void trim(Window& window) {
  auto& weights = window.weights;
  while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
  const auto first = std::find_if(weights.begin(), weights.end() - 1, [](double weight) { return weight != 0; });
  window.first += static_cast<int>(first - weights.begin());
  weights.erase(weights.begin(), first);
}

/// Fills what one step of one half of a group needs: four outputs from `output` on, their samples `2 * pair` and the
/// next.
void fill_step(const Taps& taps, int output, int pair, std::uint8_t* picks, std::int16_t* weights) {
  for (int i = 0; i < 8; ++i) {
    const int from = output + i / 2, k = 2 * pair + i % 2;
    const bool used = k < taps.count[from];
    picks[2 * i] = static_cast<std::uint8_t>(used ? taps.first[from] + k - taps.first[output] : 128);
    picks[2 * i + 1] = 128;
    weights[i] = used ? taps.weights[from * taps.width + k] : std::int16_t{0};
  }
}

Lanes make_lanes(const Taps& taps) {
  constexpr int half = 4, group = 8, reach = 16;
  for (int i = 0; i + half <= taps.to; ++i) {
    if (taps.first[i + half - 1] + taps.count[i + half - 1] - taps.first[i] > reach) return {};
  }
  Lanes lanes;
  lanes.pairs = (*std::max_element(taps.count.begin(), taps.count.end()) + 1) / 2;
  for (int done = 0; taps.to >= group && done < taps.to; done += group) {
    const int output = std::min(done, taps.to - group);  // the last group repeats a part of the one before
    lanes.first.insert(lanes.first.end(), {taps.first[output], taps.first[output + half]});
    for (int pair = 0; pair < lanes.pairs; ++pair) {
      const auto at = lanes.weights.size();
      lanes.picks.resize(2 * (at + 16));
      lanes.weights.resize(at + 16);
      fill_step(taps, output, pair, &lanes.picks[2 * at], &lanes.weights[at]);
      fill_step(taps, output + half, pair, &lanes.picks[2 * at + 16], &lanes.weights[at + 8]);
    }
  }
  return lanes;
}

}  // namespace

Taps make_taps(const Axis& axis, Resample resample) {
  KLEIN_ASSERT(axis.samples > 0 && axis.to > 0 && axis.samples * std::int64_t{axis.factor} >= axis.from);
  std::vector<Window> windows;
  std::size_t most = 0;
  for (int output = 0; output < axis.to; ++output) {
    auto window = window_at(output, axis, filter_of(resample));
    if (axis.factor != 1) window = fold(window, axis);
    trim(window);
    most = std::max(most, window.weights.size());
    windows.push_back(std::move(window));
  }
  Taps taps;
  taps.samples = axis.samples;
  taps.to = axis.to;
  taps.width = static_cast<int>((most + 7) / 8 * 8);
  taps.shift = shift_for(windows);
  taps.weights.resize(windows.size() * static_cast<std::size_t>(taps.width));
  for (std::size_t i = 0; i < windows.size(); ++i) {
    taps.first.push_back(windows[i].first);
    taps.count.push_back(static_cast<int>(windows[i].weights.size()));
    quantise(windows[i], taps.shift, taps.weights.data() + i * static_cast<std::size_t>(taps.width));
  }
  taps.lanes = make_lanes(taps);
  return taps;
}

const Taps& TapsCache::get(const Axis& axis, Resample resample) {
  constexpr std::size_t capacity = 256;
  const std::tuple key(axis, resample);
  if (const auto found = current_.find(key); found != current_.end()) return found->second;
  if (auto node = old_.extract(key)) return current_.insert(std::move(node)).position->second;
  if (current_.size() >= capacity) {
    // What was handed out a moment ago stays alive in old_.
    old_ = std::exchange(current_, {});
  }
  return current_.emplace(key, make_taps(axis, resample)).first->second;
}

}  // namespace klein
