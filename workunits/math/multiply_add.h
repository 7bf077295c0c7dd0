// What the widest registers of this machine multiply and add. For benchmarks only: where the
// machine can, both are done with one rounding, so the bits are not the same everywhere.
#pragma once

namespace picube::math {

// Some ten microseconds of multiplications and additions of 64-bit floats, independent of each
// other as in a good kernel: how many there were of both. `sink` keeps the work from being left
// out.
[[nodiscard]] double MultiplyAddBlock(double& sink);

}  // namespace picube::math
