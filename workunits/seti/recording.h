// A decoded and smoothed recording, ready to be searched; shared by all units of one file.
#pragma once

#include <memory>
#include <optional>

#include "workunits/formats/sah.h"
#include "workunits/math/aligned.h"
#include "workunits/seti/chirp_table.h"

namespace picube::seti {

struct Recording {
  SahHeader header;
  ChirpTable table;
  math::Aligned<float> re, im;  // smoothed samples
};

// Flattens the band: per chunk of smooth_chunk samples, spectrum bins are divided by the root of
// half the mean power of the smooth_box bins around them. In double, rounded once. After it the
// expected power of a bin at length L is L/16384 for the usual chunk.
[[nodiscard]] Recording Smooth(const SahUnit& unit, ChirpTable table, int threads);

// The recording of a file, from memory if it was the last one asked for. Holds at most one (8 MB
// for a usual unit), found by a hash of the file's bytes. Safe from any thread; results may be kept
// as long as wanted (shared: a running unit keeps its recording when another file takes the place).
class RecordingCache {
 public:
  [[nodiscard]] Result<std::shared_ptr<const Recording>> Get(const std::filesystem::path& path,
                                                             int threads);
  RecordingCache();
  ~RecordingCache();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace picube::seti
