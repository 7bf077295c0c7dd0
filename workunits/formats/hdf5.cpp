#include "workunits/formats/hdf5.h"

#include <algorithm>
#include <utility>

#include "workunits/formats/hdf5_process.h"

namespace picube {

using hdf5::Ask;
using hdf5::Question;
using hdf5::ValueType;

Result<Hdf5File> Hdf5File::Open(const std::filesystem::path& path, const std::string& name) {
  auto process = hdf5::Process::Start(path, name);
  if (!process) return std::unexpected(process.error());
  return Open(std::move(*process), name);
}

Result<Hdf5File> Hdf5File::Open(std::shared_ptr<hdf5::Process> process, const std::string& name) {
  const auto opened = process->Put({.ask = Ask::kOpen, .object = name});
  if (!opened) return std::unexpected(opened.error());
  Hdf5File file;
  file.process_ = std::move(process);
  file.name_ = name;
  return file;
}

bool Hdf5File::Has(const std::string& path) const {
  const auto answer = process_->Put({.ask = Ask::kHas, .object = path});
  return answer && answer->yes;
}

Result<Hdf5Dataset> Hdf5File::Dataset(const std::string& path) const {
  auto answer = process_->Put({.ask = Ask::kDataset, .object = path});
  if (!answer) return std::unexpected(answer.error());
  if (!(answer->number >= 0 && answer->number < hdf5::kMostDatasets)) {
    return Fail(ErrorKind::kProject, name_ + ": the program that reads it gave no handle.",
                "Install the package again.");
  }
  Hdf5Dataset dataset;
  dataset.process_ = process_;
  dataset.handle_ = static_cast<std::uint32_t>(answer->number);
  dataset.name_ = name_ + ", dataset " + path;
  dataset.shape_ = std::move(answer->shape);
  dataset.chunk_ = std::move(answer->chunk);
  return dataset;
}

Result<std::string> Hdf5File::TextDataset(const std::string& path) const {
  auto answer = process_->Put({.ask = Ask::kTextDataset, .object = path});
  if (!answer) return std::unexpected(answer.error());
  return std::move(answer->text);
}

bool Hdf5File::HasAttribute(const std::string& object, const std::string& attribute) const {
  const auto answer =
      process_->Put({.ask = Ask::kHasAttribute, .object = object, .attribute = attribute});
  return answer && answer->yes;
}

Result<double> Hdf5File::Number(const std::string& object, const std::string& attribute) const {
  const auto answer =
      process_->Put({.ask = Ask::kNumber, .object = object, .attribute = attribute});
  if (!answer) return std::unexpected(answer.error());
  return answer->number;
}

Result<std::string> Hdf5File::Text(const std::string& object, const std::string& attribute) const {
  auto answer = process_->Put({.ask = Ask::kText, .object = object, .attribute = attribute});
  if (!answer) return std::unexpected(answer.error());
  return std::move(answer->text);
}

Status Hdf5Dataset::ReadAs(ValueType type, std::span<const std::uint64_t> start,
                           std::span<const std::uint64_t> count, void* out,
                           std::size_t size) const {
  bool inside = start.size() == shape_.size() && count.size() == shape_.size();
  std::uint64_t values = 1;
  for (std::size_t i = 0; inside && i < shape_.size(); ++i) {
    inside = start[i] <= shape_[i] && count[i] <= shape_[i] - start[i] && count[i] > 0 &&
             values <= size / count[i];
    if (inside) values *= count[i];
  }
  if (!inside || values != size) {
    return Fail(ErrorKind::kUser, name_ + ": the part asked for is not inside it.",
                "Check the file with h5dump, or fetch it again.");
  }
  Question piece{.ask = Ask::kRead,
                 .dataset = handle_,
                 .type = type,
                 .start = {start.begin(), start.end()},
                 .count = {count.begin(), count.end()}};
  auto* at = static_cast<char*>(out);
  return ReadPiece(piece, 0, at);
}

Status Hdf5Dataset::ReadPiece(Question& piece, std::size_t dimension, char*& out) const {
  std::uint64_t bytes = SizeOf(piece.type);
  for (const std::uint64_t count : piece.count) bytes *= count;
  if (bytes <= hdf5::kMostReadBytes) {
    if (Status read = process_->Read(piece, out, bytes); !read) return read;
    out += bytes;
    return {};
  }
  // As many of this dimension at once as fit; one by one if not even one does.
  const std::uint64_t first = piece.start[dimension];
  const std::uint64_t all = piece.count[dimension];
  const std::uint64_t some = std::max<std::uint64_t>(1, hdf5::kMostReadBytes / (bytes / all));
  for (std::uint64_t done = 0; done < all; done += some) {
    piece.start[dimension] = first + done;
    piece.count[dimension] = std::min(some, all - done);
    if (Status read = ReadPiece(piece, dimension + 1, out); !read) return read;
  }
  piece.start[dimension] = first;
  piece.count[dimension] = all;
  return {};
}

Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<double> out) const {
  return ReadAs(ValueType::kDouble, start, count, out.data(), out.size());
}
Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<float> out) const {
  return ReadAs(ValueType::kFloat, start, count, out.data(), out.size());
}
Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<std::uint32_t> out) const {
  return ReadAs(ValueType::kU32, start, count, out.data(), out.size());
}

}  // namespace picube
