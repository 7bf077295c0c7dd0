// Runs kernels: one unit at a time, in a thread of its own that lowers its priority, so that the
// board stays usable and the worker's own loop answers. What happens comes out as agent inputs
// through `post`, which the runner calls from its thread.
//
// Rules:
// - An application's exception ends its unit with an error, never the worker; one that ends the
//   process (a signal) is counted by the spool's attempts.
// - A checkpoint that cannot be written costs nothing but the wish for the next one.
// - A kernel is slowed only between its chunks: a thread that holds a lock is never stopped.
// Start, Stop, Pause and Allow from one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/time.h"
#include "worker/core/agent_io.h"
#include "worker/run/checkpoint_policy.h"
#include "worker/spool/spool.h"
#include "workunits/application.h"

namespace picube {

struct RunnerOptions {
  int threads = 1;   // of a kernel at most
  double phase = 0;  // 0 .. 1: puts the workers of one box out of step where a thread is pulsed
  Duration least_checkpoint_interval = CheckpointPolicy::kLeastInterval;
  Duration progress_interval = 250ms;  // at most so often a UnitProgress
};

class Runner {
 public:
  using Post = std::function<void(agent::Input)>;

  // `applications` is borrowed and outlives the runner.
  Runner(RunnerOptions options, const ApplicationRegistry& applications, Post post);
  // Asks a running kernel to stop and waits for it.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  struct Job {
    agent::UnitWork work;
    std::vector<std::filesystem::path> files;  // work.inputs, in order
    CheckpointFile checkpoint;
  };
  // Nothing may be running. Posts UnitProgress now and then, and at the end exactly one of
  // UnitFinished, UnitFailed, UnitStopped.
  void Start(Job job);
  void Stop();              // at the kernel's next pause
  void Pause(bool paused);  // the kernel waits at its next pause
  // From now on a kernel may use so many threads over time; parts of one count.
  void Allow(double threads);
  // Seconds of a thread that kernels ran since this was asked last.
  [[nodiscard]] double TakeThreadSeconds();
  // True while a kernel has not returned: then the destructor would wait for it.
  [[nodiscard]] bool Busy() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
