// The worker's cache of input blobs as files: blobs/<hash in hexadecimal>, and <hash>.part while
// one comes in (a transfer that was cut goes on there). What stays and what goes is the agent's
// decision. One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/messages.h"
#include "protocol/transport/blob_transfer.h"
#include "worker/core/agent_io.h"

namespace picube {

class BlobFolder {
 public:
  // Makes the folder. kStore: cannot.
  [[nodiscard]] static Result<BlobFolder> Open(std::filesystem::path folder);

  struct Contents {
    std::vector<BlobRef> blobs;         // whole, longest unused first
    std::vector<std::string> warnings;  // files that were not what their name says, removed
  };
  // Reads every blob once to check its hash; removes parts that none of `wanted` needs. May take
  // minutes, and run on another thread while nothing else is asked of this object; when `stop` says
  // so it ends early, and what it has not read does not count.
  [[nodiscard]] Contents Load(const std::vector<BlobRef>& wanted,
                              const std::function<bool()>& stop = {});

  // Where to go on with this blob; a part of it may be here from before.
  [[nodiscard]] agent::BlobState Begin(const BlobRef& blob);
  [[nodiscard]] agent::BlobState Store(const Chunk& chunk);
  void Drop(const Digest& blob);  // its part too
  // Where a whole blob can be read. Marks it as used now.
  [[nodiscard]] std::filesystem::path Use(const Digest& blob) const;

 private:
  explicit BlobFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path PathOf(const Digest& blob) const;

  std::filesystem::path folder_;
  std::map<Digest, BlobAssembly> incoming_;
};

}  // namespace picube
