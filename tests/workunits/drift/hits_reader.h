// Reads .hits files by their fixed layout, as seticore writes them and as we do.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace picube::test {

struct CutOut {
  double frequency = 0;
  std::int32_t index = 0;
  std::int32_t drift_steps = 0;
  float snr = 0;
  double fch1 = 0;
  std::int32_t rows = 0;
  std::int32_t channels = 0;
  std::vector<float> cells;
};

inline std::vector<CutOut> ReadHits(const std::string& bytes) {
  const auto take = [&](auto& value, std::size_t at) {
    std::memcpy(&value, bytes.data() + at, sizeof value);
  };
  const auto u32 = [&](std::size_t at) {
    std::uint32_t value = 0;
    take(value, at);
    return value;
  };
  const auto u64 = [&](std::size_t at) {
    std::uint64_t value = 0;
    take(value, at);
    return value;
  };
  // Where a pointer leads: its place, 8, and its offset in words.
  const auto follow = [&](std::size_t at) {
    return at + 8 + 8 * static_cast<std::size_t>(static_cast<std::int32_t>(u32(at)) >> 2);
  };
  std::vector<CutOut> all;
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    const std::size_t words = u32(at + 4);
    const std::size_t root = follow(at + 8);
    const std::size_t signal = follow(root);
    const std::size_t bank_pointer = root + 8;
    const std::size_t bank = follow(bank_pointer);
    const std::size_t data_words = u64(bank_pointer) >> 32 & 0xFFFF;
    CutOut cut;
    take(cut.frequency, signal);
    take(cut.index, signal + 8);
    take(cut.drift_steps, signal + 12);
    take(cut.snr, signal + 24);
    take(cut.fch1, bank);
    take(cut.rows, bank + 52);
    take(cut.channels, bank + 56);
    const std::size_t list_pointer = bank + 8 * data_words + 8;
    const std::size_t list = follow(list_pointer);
    const std::size_t count = u64(list_pointer) >> 35;
    cut.cells.resize(count);
    std::memcpy(cut.cells.data(), bytes.data() + list, 4 * count);
    all.push_back(std::move(cut));
    at += 8 + 8 * words;
  }
  return all;
}

}  // namespace picube::test
