// Reading blobs, whether they are files or small payloads in the journal's table.
#include <algorithm>
#include <utility>

#include "server/store/blob_store_impl.h"

namespace picube {

namespace fs = std::filesystem;

namespace {
std::unexpected<Error> NoSuchBlob(const Digest& digest) {
  return Fail(ErrorKind::kRefused, "There is no blob " + ToHex(digest) + " here.");
}
}  // namespace

Status BlobStore::Impl::OpenSmall() {
  if (small_.IsOpen()) return {};
  Result<Database> opened = Database::Open(journal_file, Database::Mode::kReadOnly);
  if (!opened) return std::unexpected(opened.error());
  Result<Statement> find = opened->Prepare("SELECT data FROM payload WHERE hash = ?1");
  if (!find) return std::unexpected(find.error());
  small_ = std::move(*opened);
  find_small_ = std::move(*find);
  return {};
}

bool BlobStore::Impl::WithSmall(const Digest& digest, const std::function<void(BytesView)>& use) {
  const std::scoped_lock lock(small_mutex_);
  std::error_code ignored;
  if (journal_file.empty() || !fs::exists(journal_file, ignored) || !OpenSmall()) return false;
  find_small_.BindBytes(1, digest.View());
  const bool found = find_small_.Step() == Statement::Row::kRow;
  if (found) use(find_small_.Blob(0));
  find_small_.Reset();
  return found;
}

Status BlobStore::Impl::ListSmall(std::uint64_t at_most,
                                  const std::function<void(const Digest&)>& callback) {
  const std::scoped_lock lock(small_mutex_);
  std::error_code ignored;
  if (journal_file.empty() || !fs::exists(journal_file, ignored)) return {};
  if (Status opened = OpenSmall(); !opened) return opened;
  Result<Statement> list = small_.Prepare("SELECT hash FROM payload WHERE seq <= ?1");
  if (!list) return std::unexpected(list.error());
  list->Bind(1, at_most);
  Statement::Row row = Statement::Row::kRow;
  while ((row = list->Step()) == Statement::Row::kRow) {
    Digest digest;
    if (ToBlock(list->Blob(0), digest)) callback(digest);
  }
  if (row == Statement::Row::kError) return std::unexpected(small_.LastError("read"));
  return {};
}

bool BlobStore::Has(const Digest& digest) const { return Size(digest).has_value(); }

std::optional<std::uint64_t> BlobStore::Size(const Digest& digest) const {
  std::optional<std::uint64_t> size = impl_->FileSize(digest);
  if (size) return size;
  (void)impl_->WithSmall(digest, [&](BytesView data) { size = data.size(); });
  return size;
}

Result<Bytes> BlobStore::Read(const Digest& digest, std::uint64_t offset, std::size_t most) const {
  if (const std::optional<std::uint64_t> size = impl_->FileSize(digest)) {
    const fs::path path = impl_->Path(digest);
    Result<FileHandle> file = OpenToRead(path);
    if (!file) return std::unexpected(file.error());
    const std::uint64_t left = offset < *size ? *size - offset : 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, left));
    return ReadAt(file->Get(), path, offset, wanted);
  }
  Bytes bytes;
  const bool found = impl_->WithSmall(digest, [&](BytesView data) {
    if (offset < data.size()) bytes = data.substr(static_cast<std::size_t>(offset), most);
  });
  if (!found) return NoSuchBlob(digest);
  return bytes;
}

Result<Bytes> BlobStore::ReadAll(const Digest& digest, std::uint64_t most) const {
  const std::optional<std::uint64_t> size = Size(digest);
  if (!size) return NoSuchBlob(digest);
  if (*size > most) {
    return Fail(ErrorKind::kRefused, "The blob " + ToHex(digest) + " has " + std::to_string(*size) +
                                         " bytes, more than " + std::to_string(most) + ".");
  }
  return Read(digest, 0, static_cast<std::size_t>(*size));
}

}  // namespace picube
