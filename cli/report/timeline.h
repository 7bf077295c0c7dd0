// Spans of time as sorted lists that do not overlap; see report.h for what they mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace picube::report {

struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool operator==(const Span&) const = default;
};
using Spans = std::vector<Span>;

// Sorted, without overlaps, cut to `bounds`, without empty ones.
[[nodiscard]] inline Spans Union(Spans spans, Span bounds) {
  std::ranges::sort(spans, {}, &Span::begin);
  Spans out;
  for (Span span : spans) {
    span.begin = std::max(span.begin, bounds.begin);
    span.end = std::min(span.end, bounds.end);
    if (span.end <= span.begin) continue;
    if (!out.empty() && span.begin <= out.back().end) {
      out.back().end = std::max(out.back().end, span.end);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

// What is in `from` and not in `what`; both are unions.
[[nodiscard]] inline Spans Without(const Spans& from, const Spans& what) {
  Spans out;
  std::size_t next = 0;
  for (Span span : from) {
    while (next < what.size() && what[next].end <= span.begin) ++next;
    for (std::size_t i = next; i < what.size() && what[i].begin < span.end; ++i) {
      if (what[i].begin > span.begin) out.push_back({span.begin, what[i].begin});
      span.begin = std::max(span.begin, what[i].end);
    }
    if (span.begin < span.end) out.push_back(span);
  }
  return out;
}

[[nodiscard]] inline std::int64_t Length(const Spans& spans) {
  std::int64_t length = 0;
  for (const Span& span : spans) length += span.end - span.begin;
  return length;
}

}  // namespace picube::report
