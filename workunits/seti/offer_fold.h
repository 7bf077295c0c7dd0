// What the kernel of folds.cpp, which is compiled for each instruction set, calls for the few folds
// that are worth a look.
#pragma once

#include "workunits/seti/folds.h"

namespace picube::seti {

void OfferFold(const FoldJob& job, std::uint32_t p, std::uint32_t level, std::uint32_t bins,
               float sum, const FoldTables::Limit& limit, float mean, BinFolds& found);

}  // namespace picube::seti
