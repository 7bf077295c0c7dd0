// What an application is to the grid: split, compute, merge, plot. Built-in and external ones
// alike.
//
// The server calls Describe, Split and Merge; the worker calls Compute. Implementations are values
// without state: every method is const and may run on any thread, several at once.
//
// Results are bit-identical on every machine, so agreement of two results is equality of their
// bytes. (An application that cannot promise this has no place here until it brings a comparison.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"

namespace picube {

// One parameter of a submission, for validation and for `picube submit APP --help`.
struct ParameterSpec {
  std::string name;           // "chirp": --chirp on the command line
  std::string value_name;     // "LO:HI"
  std::string default_value;  // shown and used when absent; empty = see help
  std::string help;           // one line, with the unit
};

struct ApplicationInfo {
  std::string name;           // "seti"
  std::uint32_t version = 1;  // raised whenever the bits of a result may change
  std::string summary;        // one line
  std::string files_help;     // "one SETI@home work unit (.sah)"; empty = takes no file
  std::uint32_t least_files = 0;
  std::uint32_t most_files = 0;
  std::vector<ParameterSpec> parameters;
  // Whether workers are given the dataset's files. If not, all that they need is in the parameters
  // and inputs of their units, and a dataset may be larger than a board's disk.
  bool workers_need_dataset = true;
  bool searches = false;  // StartSearch works: `picube submit APP --fit`
};

using Parameters = std::map<std::string, std::string>;

struct Dataset {  // what was submitted, as readable files
  struct File {
    std::string name;            // as the user called it
    std::filesystem::path path;  // where it can be read
  };
  std::vector<File> files;
};

// One unit as the splitter makes it.
struct UnitPlan {
  Bytes parameters;  // for Compute; at most limits::kParametersBytes
  // Files made for this unit, such as its tile of the data; at most limits::kInputsPerUnit. Units
  // may share one (the same pointer, or the same bytes): it is kept, sent and cached once.
  std::vector<std::shared_ptr<const Bytes>> inputs;
  double cost_flop = 0;                      // estimated work; > 0
  std::uint64_t memory_bytes = 64ULL << 20;  // most that Compute will use
  std::uint64_t result_bytes = 1ULL << 20;   // most that a payload may have
};

// The units of one batch, in order, made on demand. Deterministic: the same dataset and parameters
// give the same units, so that a restarted server goes on at `Skip(n)`.
class UnitSource {
 public:
  virtual ~UnitSource() = default;
  [[nodiscard]] virtual std::uint64_t Total() const = 0;
  virtual void Skip(std::uint64_t units) = 0;
  // The next unit, or nothing after the last.
  [[nodiscard]] virtual std::optional<UnitPlan> Next() = 0;
  // Asked when Next has given nothing: why, if that was not for being at the end (the dataset has
  // changed, or cannot be read). The batch then fails with these words.
  [[nodiscard]] virtual Status Ended() const { return {}; }
};

struct UnitInput {
  Bytes parameters;
  // The batch's dataset files in order (if workers need them), then the unit's own inputs.
  std::vector<std::filesystem::path> files;
};

// How a running kernel meets its surroundings. Implemented by the worker's runner (and by tests).
// A kernel calls `Pause` between chunks of at most one second of work.
class ComputeContext {
 public:
  virtual ~ComputeContext() = default;
  // Threads to use for the next chunk, ≥ 1; may change between chunks.
  [[nodiscard]] virtual int Threads() = 0;
  // Reports the done fraction, waits while the worker is paused, and returns false if the kernel
  // must stop now (it then returns Stopped).
  [[nodiscard]] virtual bool Pause(double done_fraction) = 0;
  // True about once a minute, if a checkpoint is worth what it costs.
  [[nodiscard]] virtual bool WantsCheckpoint() = 0;
  // Keeps `state`; after a crash the next Compute of this unit finds it in Checkpoint().
  virtual void SaveCheckpoint(BytesView state) = 0;
  [[nodiscard]] virtual std::optional<Bytes> Checkpoint() = 0;
};

struct Stopped {};  // Pause said so
using ComputeOutcome = std::variant<Bytes, Stopped, Error>;

struct MergedFile {
  std::string name;            // "signals.csv"
  std::string what;            // one line for people
  std::filesystem::path path;  // in the folder given to StartMerge
};

// Folds canonical payloads into the product. Add is called once for each settled unit, in unit
// order; a restarted merge starts afresh. Memory stays bounded: large tables go to disk.
class Merger {
 public:
  virtual ~Merger() = default;
  // `index` counts the units of the batch from 0; indices of failed units do not come.
  virtual Status Add(std::uint64_t index, BytesView payload) = 0;
  // Writes the product's files; `missing` units of the batch have failed.
  virtual Result<std::vector<MergedFile>> Finish(std::uint64_t missing) = 0;
};

// A search that chooses its own work. Whoever runs it (`picube submit APP --fit`) asks it for steps
// and submits each as a batch: the dataset and one file more. Steps are told in the order in which
// they were proposed, so the same search takes the same way on any grid. One thread.
class Search {
 public:
  virtual ~Search() = default;
  // No more steps are wanted: the end may depend on those that are still under way.
  [[nodiscard]] virtual bool Enough() const = 0;
  // The content of the next step's file.
  [[nodiscard]] virtual std::string Propose() = 0;
  // The product of the earliest step that was not told yet; `file` is the one named StepFile().
  [[nodiscard]] virtual Status Take(const std::filesystem::path& file) = 0;
  [[nodiscard]] virtual std::string StepFile() const = 0;
  [[nodiscard]] virtual std::string Progress() const = 0;  // one line for people
  // Writes what was found into a folder.
  [[nodiscard]] virtual Result<std::vector<MergedFile>> Finish(
      const std::filesystem::path& folder) = 0;
};
struct SearchOptions {
  std::uint64_t evaluations = 10'000;  // at most, about
  std::uint64_t seed = 1;
  std::uint64_t step = 24;  // evaluations of a step
};

class Application {
 public:
  virtual ~Application() = default;
  [[nodiscard]] virtual const ApplicationInfo& Info() const = 0;
  // Checks dataset and parameters (errors name file, line, parameter), and returns the units.
  // Reads files as streams; keeps none whole in memory, except a unit's own.
  [[nodiscard]] virtual Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const = 0;
  [[nodiscard]] virtual ComputeOutcome Compute(const UnitInput& input,
                                               ComputeContext& context) const = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const = 0;

  // If Info().searches. `dataset` is without the file that steps bring.
  [[nodiscard]] virtual Result<std::unique_ptr<Search>> StartSearch(
      const Dataset& dataset, const Parameters& parameters, const SearchOptions& options) const;
};

// The applications a program was built with; made in main() and handed on.
class ApplicationRegistry {
 public:
  void Add(std::unique_ptr<Application> application);
  // Null if there is none of this name.
  [[nodiscard]] const Application* Find(std::string_view name) const;
  [[nodiscard]] std::vector<const Application*> All() const;  // by name

 private:
  std::map<std::string, std::unique_ptr<Application>, std::less<>> by_name_;
};

}  // namespace picube
