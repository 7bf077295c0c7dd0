#include "server/store/projection.h"

#include <utility>

#include "server/store/projection_impl.h"

namespace picube {

namespace {

std::size_t SizeOf(const std::vector<Event>& events) {
  std::size_t bytes = sizeof(Event) * events.size() + 64;
  for (const Event& event : events) {
    if (const auto* unit = std::get_if<UnitClosed>(&event)) bytes += unit->payload.size();
    if (const auto* over = std::get_if<LeasesOver>(&event)) {
      bytes += over->leases.size() * sizeof(LeaseOver);
    }
  }
  return bytes;
}

}  // namespace

bool Projection::Impl::Post(std::uint64_t seq, WallTime at, std::vector<Event> events) {
  {
    const std::scoped_lock lock(mutex);
    if (seq <= posted) return false;
    posted = seq;
  }
  const std::size_t bytes = SizeOf(events);
  Enqueue({Rows{seq, at, std::move(events)}, bytes});
  return true;
}

void Projection::Impl::Enqueue(Item item) {
  std::unique_lock lock(mutex);
  // While the store fails the queue cannot shrink: waiting would stop the server's loop, which has
  // to see Health() and take no more results.
  progress.wait(lock, [this] { return !health || queue_bytes <= options.queue_bytes; });
  queue_bytes += item.bytes;
  const auto* rows = std::get_if<Rows>(&item.what);
  queued_rows += rows == nullptr ? 1 : rows->events.size();
  const bool wake = queue.empty() || queued_rows >= options.rows_per_transaction ||
                    queue_bytes > options.queue_bytes / 4;
  queue.push_back(std::move(item));
  lock.unlock();
  if (wake) arrived.notify_one();
}

bool Projection::Impl::CaughtUp(std::uint64_t seq, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex);
  ++waiting;
  arrived.notify_one();
  const bool reached = progress.wait_for(lock, timeout, [&] { return cursor >= seq; });
  --waiting;
  return reached;
}

bool Projection::Impl::CaughtUpWithPosts() {
  std::uint64_t seq = 0;
  {
    const std::scoped_lock lock(mutex);
    seq = posted;
  }
  return CaughtUp(seq, std::chrono::minutes(1));
}

Projection::Projection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Projection::~Projection() = default;

Result<std::unique_ptr<Projection>> Projection::Open(const std::filesystem::path& file,
                                                     const ProjectionOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (Status status = impl->Open(file, options); !status) return std::unexpected(status.error());
  return std::unique_ptr<Projection>(new Projection(std::move(impl)));
}

bool Projection::Post(std::uint64_t seq, WallTime at, std::vector<Event> events) {
  return impl_->Post(seq, at, std::move(events));
}

void Projection::PostBatch(BatchInfo info, Submit submit) {
  impl_->Enqueue({Impl::Batch{std::move(info), std::move(submit)}, sizeof(Impl::Batch)});
}

void Projection::PostHost(HostInfo info) { impl_->Enqueue({std::move(info), sizeof(HostInfo)}); }

void Projection::DropPayloads(WallTime before) {
  impl_->Enqueue({Impl::Drop{before}, sizeof(Impl::Drop)});
}

std::size_t Projection::QueueBytes() const { return impl_->queue_bytes; }
std::uint64_t Projection::Cursor() const { return impl_->durable; }
std::uint64_t Projection::VisibleCursor() const { return impl_->cursor; }

bool Projection::CaughtUp(std::uint64_t seq, std::chrono::milliseconds timeout) const {
  return impl_->CaughtUp(seq, timeout);
}

Status Projection::Health() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->health;
}

}  // namespace picube
