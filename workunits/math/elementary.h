// Elementary functions of one double, made of + - * / sqrt and integers alone: the same bits with
// every compiler, C library and processor. The same functions for vectors, with the same bits, are
// in elementary-inl.h.
//
// Errors (in units of the last place, against a longer arithmetic): Exp, Log and SinCos below 1;
// Exp10, Log10 below 1.5; SinCosTurns, Atan2, Asin below 2. No function has a state; any thread may
// call them. What is not a number stays so.
#pragma once

#include "workunits/math/sincos.h"

namespace picube::math {

// e^x and 10^x. Overflow gives infinity; results below 2^-1022 are rounded as IEEE wants it.
[[nodiscard]] double Exp(double x);
[[nodiscard]] double Exp10(double x);

// Logarithms to the base e and 10: of 0 minus infinity, of negative numbers not a number.
[[nodiscard]] double Log(double x);
[[nodiscard]] double Log10(double x);

// Exp(y Log(x)) for x > 0: the error grows to 1 + 2 |y ln x| units of the last place.
[[nodiscard]] double Pow(double x, double y);

// cos x + i sin x, x in radians; beyond |x| = 2^20 not a number.
[[nodiscard]] Root SinCos(double x);
// cos 2 pi t + i sin 2 pi t, for any finite t.
[[nodiscard]] Root SinCosTurns(double turns);

// The angle of (x, y), -pi .. pi; signs of zeros and infinities as in C.
[[nodiscard]] double Atan2(double y, double x);
// The angle whose sine is x; beyond |x| = 1 not a number.
[[nodiscard]] double Asin(double x);

}  // namespace picube::math
