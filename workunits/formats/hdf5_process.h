// A program of its own that reads one HDF5 file: picube-hdf5-reader. The library that reads HDF5 is
// not proof against files made to break it, so it runs where it can do no harm: in a process with
// the open file and a socket, bounded memory, and no way to open, write or connect to anything
// (workunits/hdf5/confine.h). What goes wrong there is an error here.
//
// The program is looked for beside the running one, in ../libexec/picube from there, and where it
// was built; PICUBE_HDF5_READER names another, with words of a command separated by spaces.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "workunits/formats/hdf5_messages.h"

namespace picube::hdf5 {

inline constexpr Duration kPatience = 60s;  // for one answer, a piece of 8 MB at most

// Any thread; questions are asked one at a time. The program ends with the last owner.
class Process {
 public:
  // `name` is what people call the file. Errors: kUser if the file cannot be read, kHost if there
  // is no program to read it.
  [[nodiscard]] static Result<std::shared_ptr<Process>> Start(
      const std::filesystem::path& path, const std::string& name,
      std::vector<std::string> command = ReaderCommand(), Duration patience = kPatience);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // A bad answer is an error of kind kUser. Once the program has failed, every question does.
  [[nodiscard]] Result<Answer> Put(const Question& question);
  // The values of a kRead, `bytes` of them.
  [[nodiscard]] Status Read(const Question& question, void* out, std::size_t bytes);

  [[nodiscard]] static std::vector<std::string> ReaderCommand();
  [[nodiscard]] pid_t Pid() const { return pid_; }

 private:
  Process(pid_t pid, int socket, std::string name, Duration patience)
      : pid_(pid), socket_(socket), name_(std::move(name)), patience_(patience) {}
  [[nodiscard]] Result<Answer> Exchange(const Question& question);
  using Until = std::chrono::steady_clock::time_point;
  [[nodiscard]] Status Send(BytesView bytes, Until until);
  [[nodiscard]] Status Receive(void* to, std::size_t bytes, Until until);
  [[nodiscard]] Status WaitFor(short events, Until until);
  void WaitForEnd();
  // Ends the program; the words say how it ended.
  [[nodiscard]] std::unexpected<Error> Broken(const std::string& how);

  std::mutex one_at_a_time_;
  pid_t pid_;
  int socket_;
  std::string name_;
  Duration patience_;
  std::string broken_;  // why, if it is
};

}  // namespace picube::hdf5
