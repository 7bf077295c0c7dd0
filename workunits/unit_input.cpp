#include "workunits/unit_input.h"

#include <fstream>
#include <string>

namespace picube {
namespace {

Error OfUnit(ErrorKind kind, const char* what, std::string_view application, const char* rest,
             const char* next) {
  return {kind, what + std::string(application) + rest, next};
}

}  // namespace

Result<Bytes> ReadUnitInput(const std::filesystem::path& path, std::string_view application,
                            std::uint64_t most) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > most) return std::unexpected(ForeignInput(application));
  std::ifstream file(path, std::ios::binary);
  Bytes bytes(error ? 0 : size, '\0');
  if (error || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    return std::unexpected(OfUnit(ErrorKind::kHost, "An input of this ", application,
                                  " unit cannot be read.", "Check the disk."));
  }
  return bytes;
}

Error ForeignInput(std::string_view application) {
  return OfUnit(ErrorKind::kUnit, "An input of this ", application, " unit is not what it needs.",
                "Submit the files again.");
}

Error UnreadableUnit(std::string_view application) {
  return OfUnit(ErrorKind::kProject, "The parameters of this ", application,
                " unit cannot be read.", "Server and worker must run the same version.");
}

}  // namespace picube
