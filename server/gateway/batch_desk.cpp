#include "server/gateway/batch_desk.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "protocol/base/limits.h"

namespace picube {
namespace {

Dataset DatasetOf(const Submit& submit, const BlobStore& blobs) {
  Dataset dataset;
  for (const DatasetFile& file : submit.files) {
    dataset.files.push_back({file.name, blobs.Path(file.blob.hash)});
  }
  return dataset;
}

Error Unexpected(const std::string& where, const std::exception& error) {
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

// One step of splitting; `splitter.source` is opened if it is not.
template <class Splitter>
Result<SplitStep> SplitOnce(const Application& application, const Submit& submit,
                            const BlobStore& blobs, BatchId batch, std::uint64_t from,
                            Splitter& splitter) {
  if (!splitter.source || splitter.next != from) {
    auto source = application.Split(DatasetOf(submit, blobs), submit.parameters);
    if (!source) return std::unexpected(source.error());
    splitter.source = std::move(*source);
    splitter.source->Skip(from);
    splitter.next = from;
  }
  SplitStep step{.batch = batch, .units = {}, .last = false};
  while (step.units.size() < limits::kUnitsPerSplitStep) {
    auto plan = splitter.source->Next();
    if (!plan) {
      step.last = true;
      break;
    }
    if (plan->parameters.size() > limits::kParametersBytes) {
      return Fail(ErrorKind::kProject, "unit " + std::to_string(splitter.next) + " of '" +
                                           submit.application + "' has a parameter block of " +
                                           std::to_string(plan->parameters.size()) +
                                           " bytes, more than a message may carry");
    }
    step.units.push_back({.parameters = std::move(plan->parameters),
                          .cost_flop = plan->cost_flop,
                          .memory_bytes = plan->memory_bytes,
                          .result_bytes = plan->result_bytes});
    ++splitter.next;
  }
  return step;
}

Status AddAll(const Projection& projection, const BlobStore& blobs, BatchId batch, Merger& merger,
              std::uint64_t& missing, const std::stop_token& stop) {
  return projection.StreamUnits(batch, [&](const UnitRow& row) -> Status {
    if (stop.stop_requested()) return Fail(ErrorKind::kLink, "the server stops");
    if (row.state != UnitState::kSettled) {
      ++missing;
      return {};
    }
    if (row.payload_bytes <= limits::kCorePayloadBytes) return merger.Add(row.index, row.payload);
    auto payload = blobs.ReadAll(row.digest);
    if (!payload) return std::unexpected(payload.error());
    return merger.Add(row.index, *payload);
  });
}

Result<std::vector<ProductFile>> MergeAll(const Application& application, const Submit& submit,
                                          BlobStore& blobs, const Projection& projection,
                                          BatchId batch, const std::filesystem::path& folder,
                                          const std::stop_token& stop) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  std::filesystem::create_directories(folder);
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
  std::filesystem::remove_all(folder, ignored);
  return product;
}

}  // namespace

void BatchDesk::MakeUnits(BatchId batch, std::uint64_t from, const Submit& submit) {
  auto& splitter = splitters_[batch];
  if (!splitter) splitter = std::make_shared<Splitter>();
  if (splitter->busy) return;
  splitter->busy = true;
  pool_.Post(batch.value, [this, batch, from, submit, splitter](std::stop_token) {
    Result<SplitStep> step = SplitStep{};
    try {
      const auto application = Known(applications_, submit);
      step = application ? SplitOnce(**application, submit, blobs_, batch, from, *splitter)
                         : std::unexpected(application.error());
    } catch (const std::exception& error) {
      step = std::unexpected(Unexpected("splitting batch " + std::to_string(batch.value), error));
    }
    return [this, batch, splitter, step = std::move(step)]() mutable {
      splitter->busy = false;
      if (!step) {
        step_(SplitFailed{batch, step.error()});
      } else {
        const bool last = step->last;
        step_(std::move(*step));
        if (last) Forget(batch);
      }
    };
  });
}

void BatchDesk::Merge(BatchId batch, const Submit& submit, std::uint64_t seq) {
  pool_.Post(batch.value, [this, batch, submit, seq](std::stop_token stop) -> Pool::Completion {
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
      product = std::unexpected(Unexpected("merging batch " + std::to_string(batch.value), error));
    }
    if (stop.stop_requested()) return [] {};  // merged anew by the next server
    return [this, batch, product = std::move(product)]() mutable {
      if (product) {
        step_(ProductReady{batch, std::move(*product)});
      } else {
        step_(MergeFailed{batch, product.error()});
      }
    };
  });
}

}  // namespace picube
