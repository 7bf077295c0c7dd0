#include "workunits/primes/far.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "protocol/base/check.h"

namespace picube::primes {

using wheel::kNext;
using wheel::kNumbers;

void Far::Start(std::span<Window* const> windows) {
  begin_ = windows.front()->First() * kNumbers;
  size_ = 0;
  regions_.clear();
  for (Window* const window : windows) {
    PICUBE_CHECK(size_ % kRegion == 0, "windows but the last are whole regions");
    for (std::uint64_t at = 0; at < window->Bytes().size(); at += kRegion) {
      regions_.push_back(window->Bytes().data() + at);
    }
    size_ += window->Bytes().size();
  }
  counts_.assign(regions_.size(), 0);
  lists_.resize(regions_.size() * kList);
  done_ = {};
}

Far::Place Far::First(std::uint32_t prime) const {
  // begin / p without a division of integers: the quotient is below 2^44, so it errs by one at
  // most.
  auto quotient =
      static_cast<std::uint64_t>(static_cast<double>(begin_) / static_cast<double>(prime));
  auto rest = static_cast<std::int64_t>(begin_ - quotient * prime);
  if (rest < 0) {
    --quotient;
    rest += prime;
  } else if (rest >= static_cast<std::int64_t>(prime)) {
    ++quotient;
    rest -= prime;
  }
  std::uint64_t cofactor = quotient + (rest == 0 ? 0 : 1);
  // From begin to the multiple.
  std::uint64_t distance = (cofactor - quotient) * prime - static_cast<std::uint64_t>(rest);
  if (cofactor < prime) {
    cofactor = prime;
    distance = std::uint64_t{prime} * prime - begin_;
  }
  const wheel::Next next = kNext[cofactor % kNumbers];
  distance += std::uint64_t{next.distance} * prime;
  return {distance / kNumbers, next.bit};
}

template <std::size_t kP>
void Far::CrossOne(std::uint32_t prime, Place place) {
  constexpr const std::array<wheel::Spoke, 8>& kSpoke = wheel::kSpokes[kP];
  const std::uint64_t q = prime / kNumbers;
  std::uint64_t at = place.byte;
  std::uint32_t j = place.spoke;
  while (at < size_) {
    const std::uint64_t region = at / kRegion;
    const auto bit =
        static_cast<std::uint32_t>(std::countr_one(static_cast<std::uint8_t>(kSpoke[j].keep)));
    lists_[region * kList + counts_[region]] = static_cast<std::uint32_t>(at % kRegion * 8) + bit;
    if (++counts_[region] == kList) Empty(region);
    at += q * wheel::kSteps[j] + kSpoke[j].extra;
    j = (j + 1) % 8;
  }
}

void Far::CrossOut(std::span<const std::uint32_t> primes) {
  done_.placed += primes.size();
  const auto residue = [&]<std::size_t kP>(std::uint32_t prime, Place place) {
    CrossOne<kP>(prime, place);
  };
  for (const std::uint32_t prime : primes) {
    const Place place = First(prime);
    if (place.byte >= size_) continue;
    switch (kNext[prime % kNumbers].bit) {
      case 0: residue.template operator()<0>(prime, place); break;
      case 1: residue.template operator()<1>(prime, place); break;
      case 2: residue.template operator()<2>(prime, place); break;
      case 3: residue.template operator()<3>(prime, place); break;
      case 4: residue.template operator()<4>(prime, place); break;
      case 5: residue.template operator()<5>(prime, place); break;
      case 6: residue.template operator()<6>(prime, place); break;
      default: residue.template operator()<7>(prime, place); break;
    }
  }
}

void Far::Empty(std::uint64_t region) {
  std::uint8_t* const bytes = regions_[region];
  const std::uint32_t* const list = lists_.data() + region * kList;
  const std::uint32_t count = counts_[region];
  if (count > kList / 4) {
    // Read in order, the region comes into the cache several times as fast as in the list's order.
    const std::uint64_t end = std::min(kRegion, size_ - region * kRegion);
    std::uint64_t sum = 0;
    for (std::uint64_t at = 0; at < end; at += 64) sum += bytes[at];
    asm volatile("" : : "r"(sum));  // so that it is read
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    bytes[list[i] / 8] &= static_cast<std::uint8_t>(~(1U << list[i] % 8));
  }
  done_.crossed += count;
  counts_[region] = 0;
}

void Far::Finish() {
  for (std::uint64_t region = 0; region < regions_.size(); ++region) Empty(region);
}

}  // namespace picube::primes
