// A table keyed by ids that are given out in order: pages of 256 slots, each freed when empty.
//
// A lookup is two loads; there is no node and no hash. Ids that have left cost 8 bytes a page of
// 256 until every older one has left too. One thread. References stay valid until their own entry
// is erased.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/base/check.h"

namespace picube {

template <class T>
class PagedTable {
 public:
  // Null if there is no such entry.
  [[nodiscard]] T* Find(std::uint64_t id) {
    Page* page = PageOf(id);
    return page != nullptr && page->used.test(id % kSlots) ? &page->slots[id % kSlots] : nullptr;
  }
  [[nodiscard]] const T* Find(std::uint64_t id) const {
    return const_cast<PagedTable*>(this)->Find(id);
  }

  // A new default entry; there must be none of this id.
  T& Insert(std::uint64_t id) {
    const std::uint64_t number = id / kSlots;
    if (pages_.empty()) first_ = number;
    if (number < first_) {  // only when restoring in an unusual order
      std::vector<std::unique_ptr<Page>> longer(first_ - number + pages_.size());
      for (std::size_t i = 0; i < pages_.size(); ++i) {
        longer[first_ - number + i] = std::move(pages_[i]);
      }
      pages_ = std::move(longer);
      first_ = number;
    }
    if (number - first_ >= pages_.size()) pages_.resize(number - first_ + 1);
    std::unique_ptr<Page>& page = pages_[number - first_];
    if (page == nullptr) page = spare_ != nullptr ? std::move(spare_) : std::make_unique<Page>();
    PICUBE_CHECK(!page->used.test(id % kSlots), "an id is given out once");
    page->used.set(id % kSlots);
    ++page->live;
    ++size_;
    return page->slots[id % kSlots];
  }

  // The entry must be there.
  void Erase(std::uint64_t id) {
    Page* page = PageOf(id);
    PICUBE_CHECK(page != nullptr && page->used.test(id % kSlots), "only what is there is erased");
    page->slots[id % kSlots] = T{};
    page->used.reset(id % kSlots);
    --size_;
    if (--page->live > 0) return;
    spare_ = std::move(pages_[id / kSlots - first_]);
    DropLeading();
  }

  [[nodiscard]] std::size_t Size() const { return size_; }

  // The least id in [from, to) that has an entry; `to` if there is none.
  [[nodiscard]] std::uint64_t NextFrom(std::uint64_t from, std::uint64_t to) const {
    std::uint64_t id = from < first_ * kSlots ? first_ * kSlots : from;
    const std::uint64_t end = (first_ + pages_.size()) * kSlots;
    while (id < to && id < end) {
      const Page* page = pages_[id / kSlots - first_].get();
      if (page == nullptr) {
        id = (id / kSlots + 1) * kSlots;
      } else if (page->used.test(id % kSlots)) {
        return id;
      } else {
        ++id;
      }
    }
    return to;
  }

  // Calls f(id, entry) for each entry in [from, to), ascending. f may erase the entry it is given.
  template <class F>
  void ForEach(std::uint64_t from, std::uint64_t to, F f) {
    for (std::uint64_t id = NextFrom(from, to); id < to; id = NextFrom(id + 1, to))
      f(id, *Find(id));
  }
  template <class F>
  void ForEach(std::uint64_t from, std::uint64_t to, F f) const {
    for (std::uint64_t id = NextFrom(from, to); id < to; id = NextFrom(id + 1, to))
      f(id, *Find(id));
  }

 private:
  static constexpr std::uint64_t kSlots = 256;
  struct Page {
    std::array<T, kSlots> slots{};
    std::bitset<kSlots> used;
    std::size_t live = 0;
  };

  Page* PageOf(std::uint64_t id) {
    const std::uint64_t number = id / kSlots;
    return number >= first_ && number - first_ < pages_.size() ? pages_[number - first_].get()
                                                               : nullptr;
  }

  // Forgets empty pages at the front once they are half of all: each is moved over once.
  void DropLeading() {
    if (pages_.front() != nullptr) return;
    std::size_t empty = 0;
    while (empty < pages_.size() && pages_[empty] == nullptr) ++empty;
    if (empty < 64 || empty * 2 < pages_.size()) return;
    pages_.erase(pages_.begin(), pages_.begin() + static_cast<std::ptrdiff_t>(empty));
    first_ += empty;
  }

  std::vector<std::unique_ptr<Page>> pages_;
  std::unique_ptr<Page> spare_;  // saves an allocation each time a page empties and the next fills
  std::uint64_t first_ = 0;      // number of pages_[0]
  std::size_t size_ = 0;
};

}  // namespace picube
