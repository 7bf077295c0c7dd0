// An open file descriptor, closed at the end of its owner. For the shells that hold files and
// sockets.
#pragma once

#include <unistd.h>

#include <utility>

namespace picube {

class Descriptor {
 public:
  // Negative = none; errno says why.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int Get() const { return fd_; }
  // From now on the caller's to close.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace picube
