// What is in the store, and the removal of what nobody names any more.
#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "server/store/blob_store_impl.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPart = ".part";

template <class Visit>
void VisitParts(const fs::path& folder, Visit&& visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder / "incoming", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.ends_with(kPart)) continue;
    const std::size_t dash = name.find('-');  // an older version named no owner
    std::uint64_t owner = 0;
    if (dash != std::string::npos) {
      std::from_chars(name.data() + dash + 1, name.data() + name.size(), owner);
    }
    Digest digest;
    if (FromHex(name.substr(0, std::min(dash, name.size() - kPart.size())), digest)) {
      visit(it->path(), digest, owner);
    }
  }
}

}  // namespace

void VisitBlobFiles(const fs::path& folder,
                    const std::function<bool(const fs::path&, const Digest&)>& visit) {
  std::error_code error;
  for (fs::directory_iterator outer(folder, error), end; !error && outer != end;
       outer.increment(error)) {
    const std::string first = outer->path().filename().string();
    if (first.size() != 2) continue;
    std::error_code inner_error;
    for (fs::directory_iterator inner(outer->path(), inner_error); !inner_error && inner != end;
         inner.increment(inner_error)) {
      Digest digest;
      if (!FromHex(first + inner->path().filename().string(), digest)) continue;
      if (!visit(inner->path(), digest)) return;
    }
  }
}

void BlobStore::Impl::RemoveOld(const fs::path& path, fs::file_time_type before,
                                BlobGarbage& garbage) {
  const std::scoped_lock lock(names_);  // against Touch
  std::error_code error;
  if (fs::last_write_time(path, error) > before || error) return;
  const auto size = fs::file_size(path, error);
  if (error || !fs::remove(path, error) || error) return;
  ++garbage.files;
  garbage.bytes += size;
}

Result<BlobGarbage> BlobStore::Impl::CollectGarbage(
    const std::function<bool(const Digest&)>& referenced, std::chrono::seconds grace,
    std::uint64_t small_at_most) {
  BlobGarbage garbage;
  const auto before = fs::file_time_type::clock::now() - grace;
  VisitBlobFiles(folder, [&](const fs::path& path, const Digest& digest) {
    if (!referenced(digest)) RemoveOld(path, before, garbage);
    return true;
  });
  VisitParts(folder, [&](const fs::path& path, const Digest& digest, std::uint64_t owner) {
    std::error_code error;
    if (fs::last_write_time(path, error) > before || error) return;
    // Its writer, if there is one, must not go on in a file without a name.
    const std::shared_ptr<Writer> writer = TakeWriter(digest, owner);
    const std::scoped_lock lock(writer->mutex);
    RemoveOld(path, before, garbage);
    writer->done = true;
    DropWriter(*writer);
  });
  Status listed = ListSmall(small_at_most, [&](const Digest& digest) {
    if (!referenced(digest)) garbage.small.push_back(digest);
  });
  if (!listed) return std::unexpected(listed.error());
  return garbage;
}

void BlobStore::ForEach(const std::function<bool(const BlobRef&)>& callback) const {
  VisitBlobFiles(impl_->folder, [&](const fs::path& path, const Digest& digest) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? true : callback(BlobRef{digest, size});
  });
}

Result<BlobGarbage> BlobStore::CollectGarbage(const std::function<bool(const Digest&)>& referenced,
                                              std::chrono::seconds grace,
                                              std::uint64_t small_at_most) {
  return impl_->CollectGarbage(referenced, grace, small_at_most);
}

std::uint64_t BlobStore::FreeBytes() const {
  const std::uint64_t free = FreeSpace(impl_->folder);
  return free > impl_->options.least_free_bytes ? free - impl_->options.least_free_bytes : 0;
}

}  // namespace picube
