#include "workunits/product.h"

#include <fstream>

namespace picube {

Error UnwrittenProduct(const std::filesystem::path& path) {
  return {ErrorKind::kStore, "The product cannot be written to " + path.string() + ".",
          "Free space on that disk and merge again."};
}

Status WriteProductFile(const std::filesystem::path& folder, const std::string& name,
                        const std::string& what, std::string_view text,
                        std::vector<MergedFile>& files) {
  const std::filesystem::path path = folder / name;
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return std::unexpected(UnwrittenProduct(path));
  files.push_back({name, what, path});
  return {};
}

}  // namespace picube
