// The cases of `./dev bench kernels`: each times a kernel and what it is compared with alternately
// in one run, because machines are noisy, and prints one JSON line.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace picube::bench {

struct Case {
  std::string kernel;            // "fft-131072"
  std::function<void()> ours;    // the work once, tens of microseconds to seconds
  std::string reference;         // "FFTW 3.3.10, measured plan"; empty if there is none
  std::function<void()> theirs;  // the same work by the reference
  int threads = 1;
  bool each_isa = true;  // for every instruction set of this machine, or only the best
};

// What each file of this folder brings.
void AddSeti(std::vector<Case>& cases);
void AddPrimes(std::vector<Case>& cases);
void AddDrift(std::vector<Case>& cases);
void AddGw(std::vector<Case>& cases);
void AddMilkyWay(std::vector<Case>& cases);
void AddPulsar(std::vector<Case>& cases);

struct RunOptions {
  std::string kernel;  // only those whose name has this in it; empty = all
  int repeats = 7;     // of which the median counts
  bool quick = false;  // one call a repeat, two repeats: shows that all cases run
};
// Runs and prints; the number of cases that ran.
int Run(const std::vector<Case>& cases, const RunOptions& options);

}  // namespace picube::bench
