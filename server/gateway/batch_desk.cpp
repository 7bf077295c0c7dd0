#include "server/gateway/batch_desk.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <system_error>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"

namespace picube {
namespace {

Dataset DatasetOf(const Submit& submit, const BlobStore& blobs) {
  Dataset dataset;
  for (const DatasetFile& file : submit.files) {
    dataset.files.push_back({file.name, blobs.Path(file.blob.hash)});
  }
  return dataset;
}

bool IsOfTheDisk(const std::error_code& code) {
  const std::errc known[] = {std::errc::no_space_on_device, std::errc::io_error,
                             std::errc::read_only_file_system, std::errc::too_many_files_open,
                             std::errc::too_many_files_open_in_system};
  return std::any_of(std::begin(known), std::end(known), [&](std::errc e) { return code == e; }) ||
         (code.category() == std::generic_category() && code.value() == EDQUOT) ||
         (code.category() == std::system_category() && code.value() == EDQUOT);
}

Error Unexpected(const std::string& where, const std::exception& error) {
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  if (system != nullptr && IsOfTheDisk(system->code())) {
    return {ErrorKind::kStore, where + ": " + error.what() + ".", "Free some space on its disk."};
  }
  return {ErrorKind::kProject, where + ": " + error.what(),
          "This is a fault of the application; report it with the dataset's name."};
}

Result<const Application*> Known(const ApplicationRegistry& applications, const Submit& submit) {
  const Application* application = applications.Find(submit.application);
  if (application == nullptr) {
    return Fail(ErrorKind::kUser, "this server has no application '" + submit.application + "'",
                "Install a server that has it, or cancel the batch.");
  }
  return application;
}

// The blobs of a unit's own inputs. An input that units share is put once.
template <class Splitter>
Result<std::vector<BlobRef>> PutInputs(const UnitPlan& plan, BlobStore& blobs, Splitter& splitter,
                                       std::uint64_t& put_bytes) {
  std::vector<BlobRef> refs;
  decltype(splitter.inputs) used;
  for (const auto& input : plan.inputs) {
    const auto known = std::find_if(splitter.inputs.begin(), splitter.inputs.end(),
                                    [&](const auto& had) { return had.first == input; });
    if (known != splitter.inputs.end()) {
      used.push_back(*known);
    } else {
      const auto blob = blobs.PutBytes(*input);
      if (!blob) return std::unexpected(blob.error());
      put_bytes += blob->size;
      used.emplace_back(input, *blob);
    }
    refs.push_back(used.back().second);
  }
  splitter.inputs = std::move(used);
  return refs;
}

// Whether a lease can carry the unit: workers drop a message that they cannot read.
Status CheckPlan(const UnitPlan& plan, const std::string& application, std::uint64_t index) {
  std::string fault;
  if (plan.parameters.size() > limits::kParametersBytes) {
    fault = "a parameter block of " + std::to_string(plan.parameters.size()) + " bytes";
  } else if (plan.inputs.size() > limits::kInputsPerUnit) {
    fault = std::to_string(plan.inputs.size()) + " inputs";
  } else if (!std::isfinite(plan.cost_flop) || plan.cost_flop < 0) {
    fault = "a cost of " + std::to_string(plan.cost_flop) + " operations";
  } else {
    return {};
  }
  return Fail(ErrorKind::kProject,
              "Unit " + std::to_string(index) + " of '" + application + "' has " + fault +
                  ", which no lease can carry.",
              "This is a mistake of the application.");
}

// One step of splitting; `splitter.source` is opened if it is not.
template <class Splitter>
Result<SplitStep> SplitOnce(const Application& application, const Submit& submit, BlobStore& blobs,
                            BatchId batch, std::uint64_t from, Splitter& splitter) {
  if (!splitter.source || splitter.next != from) {
    auto source = application.Split(DatasetOf(submit, blobs), submit.parameters);
    if (!source) return std::unexpected(source.error());
    splitter.source = std::move(*source);
    splitter.source->Skip(from);
    splitter.next = from;
  }
  SplitStep step{.batch = batch, .units = {}, .last = false};
  std::uint64_t put_bytes = 0;
  while (step.units.size() < limits::kUnitsPerSplitStep &&
         put_bytes < limits::kInputBytesPerSplitStep) {
    auto plan = splitter.source->Next();
    if (!plan) {
      if (Status ended = splitter.source->Ended(); !ended) return std::unexpected(ended.error());
      step.last = true;
      break;
    }
    if (Status sound = CheckPlan(*plan, submit.application, splitter.next); !sound) {
      return std::unexpected(sound.error());
    }
    auto inputs = PutInputs(*plan, blobs, splitter, put_bytes);
    if (!inputs) return std::unexpected(inputs.error());
    step.units.push_back({.parameters = std::move(plan->parameters),
                          .cost_flop = plan->cost_flop,
                          .memory_bytes = plan->memory_bytes,
                          .result_bytes = plan->result_bytes,
                          .inputs = std::move(*inputs)});
    ++splitter.next;
  }
  return step;
}

// The bytes of a settled unit, if they are those that were believed.
Result<Bytes> ProvenPayload(const UnitRow& row, BatchId batch, const BlobStore& blobs) {
  const bool is_blob = row.payload_bytes > limits::kCorePayloadBytes;
  Result<Bytes> payload = is_blob ? blobs.ReadAll(row.digest) : Bytes(row.payload);
  if (payload && payload->size() == row.payload_bytes && Hash(*payload) == row.digest) {
    return payload;
  }
  const std::string of = "The payload of unit " + std::to_string(row.unit.value) + " (number " +
                         std::to_string(row.index) + " of batch " + std::to_string(batch.value) +
                         ") ";
  const std::string place = is_blob ? "its blob " : "the tables for people, digest ";
  const std::string why = payload ? "was altered: what is in " + place + ToHex(row.digest) +
                                        " does not hash to that name."
                                  : "cannot be read: " + payload.error().Text();
  return Fail(ErrorKind::kStore, of + why,
              "See `picube-server verify`; bring the file back from a backup, or cancel the batch "
              "and submit it again.");
}

// Merging must leave alone what is kept free for the journal.
Status CheckRoom(const BlobStore& blobs, std::uint64_t bytes) {
  const std::uint64_t free = blobs.FreeBytes();
  if (free >= bytes && free > 0) return {};
  return Fail(ErrorKind::kStore,
              "A merge needs about " + std::to_string((bytes >> 20) + 1) + " MiB, and " +
                  std::to_string(free >> 20) + " MiB are free beside what is kept.",
              "Free some space on its disk; nothing is lost.");
}

Status AddAll(const Projection& projection, const BlobStore& blobs, BatchId batch, Merger& merger,
              std::uint64_t& missing, const std::stop_token& stop) {
  constexpr std::uint64_t kLookEvery = 1024;  // units
  std::uint64_t added = 0;
  return projection.StreamUnits(batch, [&](const UnitRow& row) -> Status {
    if (stop.stop_requested()) return Fail(ErrorKind::kLink, "the server stops");
    if (row.state != UnitState::kSettled) {
      ++missing;
      return {};
    }
    if (++added % kLookEvery == 0) {
      if (Status room = CheckRoom(blobs, 0); !room) return room;
    }
    const Result<Bytes> payload = ProvenPayload(row, batch, blobs);
    if (!payload) return std::unexpected(payload.error());
    return merger.Add(row.index, *payload);
  });
}

// A folder for one merge: empty at first, gone at the end, whatever happens between.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path folder) : folder_(std::move(folder)) {
    Remove();
    std::filesystem::create_directories(folder_);
  }
  ~Scratch() { Remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

 private:
  void Remove() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

Result<std::vector<ProductFile>> MergeAll(const Application& application, const Submit& submit,
                                          BlobStore& blobs, const Projection& projection,
                                          BatchId batch, const std::filesystem::path& folder,
                                          const std::stop_token& stop) {
  // A product is about as large as what it is made of.
  const auto units = projection.CountUnits(batch);
  if (!units) return std::unexpected(units.error());
  if (Status room = CheckRoom(blobs, units->payload_bytes); !room) {
    return std::unexpected(room.error());
  }
  const Scratch scratch(folder);  // outlives the merger, whose files are open
  auto merger = application.StartMerge(DatasetOf(submit, blobs), submit.parameters, folder);
  if (!merger) return std::unexpected(merger.error());
  std::uint64_t missing = 0;
  if (Status added = AddAll(projection, blobs, batch, **merger, missing, stop); !added) {
    return std::unexpected(added.error());
  }
  auto files = (*merger)->Finish(missing);
  if (!files) return std::unexpected(files.error());
  std::vector<ProductFile> product;
  for (const MergedFile& file : *files) {
    auto blob = blobs.Adopt(file.path);
    if (!blob) return std::unexpected(blob.error());
    product.push_back({file.name, file.what, *blob});
  }
  return product;
}

}  // namespace

BatchDesk::BatchDesk(const ApplicationRegistry& applications, Pool& pool, BlobStore& blobs,
                     const Projection& projection, std::filesystem::path scratch,
                     std::function<void(Input)> step)
    : log([](const std::string& line) { spdlog::warn("{}", line); }),
      applications_(applications),
      pool_(pool),
      blobs_(blobs),
      projection_(projection),
      scratch_(std::move(scratch)),
      step_(std::move(step)) {}

void BatchDesk::MakeUnits(BatchId batch, std::uint64_t from, const Submit& submit) {
  if (tasks_.contains(batch)) return;
  tasks_[batch] = {.merge = false, .at = from, .submit = submit, .due = {}, .said_at = {}};
  Start(batch);
}

void BatchDesk::Merge(BatchId batch, const Submit& submit, std::uint64_t seq) {
  if (tasks_.contains(batch)) return;
  tasks_[batch] = {.merge = true, .at = seq, .submit = submit, .due = {}, .said_at = {}};
  Start(batch);
}

void BatchDesk::Forget(BatchId batch) {
  splitters_.erase(batch);
  tasks_.erase(batch);
}

void BatchDesk::Turn(Instant now) {
  now_ = now;
  for (auto& [batch, task] : tasks_) {
    if (task.waits && task.due <= now) Start(batch);
  }
}

std::size_t BatchDesk::Waiting() const {
  return static_cast<std::size_t>(
      std::count_if(tasks_.begin(), tasks_.end(), [](const auto& t) { return t.second.waits; }));
}

void BatchDesk::Start(BatchId batch) {
  Task& task = tasks_.at(batch);
  task.waits = false;
  if (task.merge) {
    PostMerge(batch, task);
  } else {
    PostSplit(batch, task);
  }
}

void BatchDesk::PostSplit(BatchId batch, const Task& task) {
  auto& splitter = splitters_[batch];
  if (!splitter) splitter = std::make_shared<Splitter>();
  pool_.Post(batch.value, [this, batch, from = task.at, submit = task.submit,
                           splitter](std::stop_token) {
    Result<SplitStep> step = SplitStep{};
    try {
      const auto application = Known(applications_, submit);
      step = application ? SplitOnce(**application, submit, blobs_, batch, from, *splitter)
                         : std::unexpected(application.error());
    } catch (const std::exception& error) {
      step = std::unexpected(Unexpected("splitting batch " + std::to_string(batch.value), error));
    }
    if (!step) splitter->source.reset();  // who knows where it stands
    return [this, batch, step = std::move(step)]() mutable { SplitDone(batch, std::move(step)); };
  });
}

void BatchDesk::SplitDone(BatchId batch, Result<SplitStep> step) {
  if (!tasks_.contains(batch)) return;  // it has ended meanwhile
  if (!step && PutOff(batch, step.error())) return;
  tasks_.erase(batch);
  if (!step || step->last) splitters_.erase(batch);
  if (step) {
    step_(std::move(*step));
  } else {
    step_(SplitFailed{batch, step.error()});
  }
}

void BatchDesk::PostMerge(BatchId batch, const Task& task) {
  pool_.Post(
      batch.value,
      [this, batch, submit = task.submit, seq = task.at](std::stop_token stop) -> Pool::Completion {
        while (!projection_.CaughtUp(seq, std::chrono::milliseconds(200))) {
          // A store in trouble mends itself or the operator does; the merge waits for either.
          if (stop.stop_requested()) return [] {};
        }
        Result<std::vector<ProductFile>> product = std::vector<ProductFile>();
        const auto folder = scratch_ / ("merge-" + std::to_string(batch.value));
        try {
          const auto application = Known(applications_, submit);
          product = application
                        ? MergeAll(**application, submit, blobs_, projection_, batch, folder, stop)
                        : std::unexpected(application.error());
        } catch (const std::exception& error) {
          product =
              std::unexpected(Unexpected("merging batch " + std::to_string(batch.value), error));
        }
        if (stop.stop_requested()) return [] {};  // merged anew by the next server
        return [this, batch, product = std::move(product)]() mutable {
          MergeDone(batch, std::move(product));
        };
      });
}

void BatchDesk::MergeDone(BatchId batch, Result<std::vector<ProductFile>> product) {
  if (!tasks_.contains(batch)) return;  // it has ended meanwhile
  if (!product && PutOff(batch, product.error())) return;
  tasks_.erase(batch);
  if (product) {
    step_(ProductReady{batch, std::move(*product)});
  } else {
    step_(MergeFailed{batch, product.error()});
  }
}

bool BatchDesk::PutOff(BatchId batch, const Error& error) {
  if (error.kind != ErrorKind::kStore && error.kind != ErrorKind::kLink) return false;
  Task& task = tasks_.at(batch);
  task.waits = true;
  task.pause = std::clamp(2 * task.pause, kLeastPause, kMostPause);
  task.due = now_ + task.pause;
  ++task.failures;
  if (task.said && now_ - task.said_at < kSayEvery) return true;
  log("batch " + std::to_string(batch.value) + " cannot be " + (task.merge ? "merged" : "split") +
      " now, and is tried again (tries since this was said last: " + std::to_string(task.failures) +
      "): " + error.Text());
  task.said = true;
  task.said_at = now_;
  task.failures = 0;
  return true;
}

}  // namespace picube
