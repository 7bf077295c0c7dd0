// What sockets of one process share: libzmq's input/output threads, and a way to wake a loop.
#pragma once

#include <cstdint>
#include <memory>

namespace picube {

// Made once by main() (tests: one a test). Sockets keep a reference: it must outlive them.
// Sockets of one context may live in different threads.
class Context {
 public:
  explicit Context(int io_threads = 1);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  class Impl;  // for the sockets of this folder (context_impl.h)
  [[nodiscard]] Impl& Internals();

 private:
  std::unique_ptr<Impl> impl_;
};

// Wakes a thread that waits in Poll. Wake() is for any thread and any number of times; the poll
// that returns because of it has cleared it.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  void Wake();
  void Clear();  // forgets the wakes so far; Poll does it
  [[nodiscard]] int Descriptor() const { return descriptor_; }  // readable = woken

 private:
  int descriptor_;  // an eventfd
};

// What a Poll found. All false = the time is over, or a signal came.
struct Polled {
  bool readable = false;  // Receive until it returns false
  bool woken = false;
};

enum class SendStatus : std::uint8_t {
  kSent,      // given to libzmq: no promise that it arrives
  kGone,      // no such connection (any more)
  kSlow,      // its queue is full: treat it as gone, it will ask again
  kTooLarge,  // above limits::kMessageBytes: not sent
};

}  // namespace picube
