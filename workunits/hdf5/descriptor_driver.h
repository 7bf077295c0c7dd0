// A file driver of the library that reads from an open descriptor: nothing has to be opened by its
// name any more.
#pragma once

#include "workunits/hdf5/library.h"

namespace picube::hdf5 {

// A list of access properties for H5Fopen; the name given there is only shown. The descriptor must
// outlive the file and stays open.
[[nodiscard]] Handle AccessTo(int descriptor);

}  // namespace picube::hdf5
