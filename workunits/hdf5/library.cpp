#include "workunits/hdf5/library.h"

#include <utility>

namespace picube::hdf5 {
namespace {

std::recursive_mutex& Lock() {
  static std::recursive_mutex lock;
  return lock;
}

herr_t KeepDeepest(unsigned depth, const H5E_error2_t* error, void* text) {
  if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

}  // namespace

Library::Library() : lock_(Lock()) {
  static const bool once = [] {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLappend(PICUBE_HDF5_PLUGINS);  // where Debian puts them; the library looks elsewhere
    return true;
  }();
  static_cast<void>(once);
}

Handle::~Handle() {
  if (id_ < 0) return;
  const Library library;
  H5Idec_ref(id_);
}
Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  return *this;
}

std::string Reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, KeepDeepest, &text);
  return text.empty() ? "no reason given" : text;
}

}  // namespace picube::hdf5
