// Draws once a second in a thread of its own, so that a bus that hangs holds up nothing but the
// display. The worker hands over what it does, and takes what is to be said in its log.
#pragma once

#include <condition_variable>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hardware/display/display.h"
#include "hardware/display/pages.h"
#include "worker/display/status.h"

namespace picube {

struct DisplayNote {
  bool warning = false;
  std::string text;
  bool operator==(const DisplayNote&) const = default;
};

// What of a display's luck goes into the log: where it is, once; that it fails, once, and again
// only after it has worked for an hour: a loose cable must not fill the log. Pure.
class DisplayNotes {
 public:
  static constexpr Duration kWorkedLong = 1h;
  [[nodiscard]] std::optional<DisplayNote> Take(const Status& shown, const std::string& where,
                                                Instant now);

 private:
  std::string where_;
  bool told_failure_ = false;
  std::optional<Instant> works_since_;
};

// The view of a machine, and what its worker does.
[[nodiscard]] DisplayView Together(DisplayView machine, const WorkerStatus& worker, Instant now);

class DisplayLoop {
 public:
  struct Parts {
    std::unique_ptr<Display> display;
    std::function<DisplayView(Instant)> look;  // in the loop's thread
    std::function<void()> wake;                // there are notes; in the loop's thread
    std::function<Instant()> now;
    Duration period = std::chrono::seconds(1);
  };
  explicit DisplayLoop(Parts parts);
  ~DisplayLoop();  // waits for the display
  DisplayLoop(const DisplayLoop&) = delete;
  DisplayLoop& operator=(const DisplayLoop&) = delete;

  // Any thread; neither waits for the display.
  void Publish(WorkerStatus status);
  [[nodiscard]] std::vector<DisplayNote> TakeNotes();
  // Draws that the worker has ended, and ends. False: the display hangs after so long; then the
  // destructor would wait for it.
  [[nodiscard]] bool Stop(Duration patience);

 private:
  void Run();
  void Draw();

  Parts parts_;
  Pager pager_;
  DisplayNotes notes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  WorkerStatus status_;
  std::vector<DisplayNote> to_tell_;
  bool stop_ = false;
  bool ended_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace picube
