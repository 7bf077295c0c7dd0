// What each host has uploaded and no accepted result has named: its share of the disk. A host has
// so many uploads unfinished and so many bytes unnamed at most; both end when a report that counts
// names the blob, or with limits::kBlobGrace, when the store throws away what nothing names.
// Operators are not counted: they own the disk. Forgotten when the server restarts.
// Pure: time is an argument. One thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"

namespace picube {

class UploadLedger {
 public:
  enum class Verdict : std::uint8_t { kPass, kTooManyUnfinished, kTooManyBytes };

  // A piece of a blob of `bytes` bytes has come. If it may not be taken, nothing is changed.
  [[nodiscard]] Verdict Piece(HostId host, const Digest& blob, std::uint64_t bytes, Instant now) {
    Share& share = shares_[host];
    const auto known = share.uploads.find(blob);
    const std::uint64_t counted = known == share.uploads.end() ? 0 : known->second.bytes;
    if (known == share.uploads.end() && share.unfinished >= limits::kUploadsPerHost) {
      return Verdict::kTooManyUnfinished;
    }
    const std::uint64_t more = std::max(bytes, counted) - counted;
    if (share.bytes + more > limits::kUnnamedBytesPerHost) return Verdict::kTooManyBytes;
    share.bytes += more;
    if (known == share.uploads.end()) ++share.unfinished;
    Upload& upload = share.uploads[blob];
    upload.bytes = counted + more;
    upload.last = now;
    return Verdict::kPass;
  }

  // It is whole.
  void Complete(HostId host, const Digest& blob) {
    const auto share = shares_.find(host);
    if (share == shares_.end()) return;
    const auto upload = share->second.uploads.find(blob);
    if (upload == share->second.uploads.end() || upload->second.whole) return;
    upload->second.whole = true;
    --share->second.unfinished;
  }

  // A result that counts names it: it is no longer the host's.
  void Named(HostId host, const Digest& blob) {
    const auto share = shares_.find(host);
    if (share == shares_.end()) return;
    const auto upload = share->second.uploads.find(blob);
    if (upload == share->second.uploads.end()) return;
    Drop(share->second, upload->second);
    share->second.uploads.erase(upload);
    if (share->second.uploads.empty()) shares_.erase(share);
  }

  // Forgets what the store has thrown away by now.
  void Sweep(Instant now) {
    for (auto& [host, share] : shares_) {
      std::erase_if(share.uploads, [&](const auto& entry) {
        if (now - entry.second.last <= limits::kBlobGrace + limits::kCollectEvery) return false;
        Drop(share, entry.second);
        return true;
      });
    }
    std::erase_if(shares_, [](const auto& entry) { return entry.second.uploads.empty(); });
  }

  [[nodiscard]] std::uint64_t UnnamedBytes(HostId host) const {
    const auto share = shares_.find(host);
    return share == shares_.end() ? 0 : share->second.bytes;
  }

 private:
  struct Upload {
    std::uint64_t bytes = 0;  // as its sender says
    Instant last;
    bool whole = false;
  };
  struct Share {
    std::unordered_map<Digest, Upload> uploads;
    std::uint64_t bytes = 0;
    std::size_t unfinished = 0;
  };
  static void Drop(Share& share, const Upload& upload) {
    share.bytes -= upload.bytes;
    if (!upload.whole) --share.unfinished;
  }

  std::unordered_map<HostId, Share> shares_;
};

}  // namespace picube
