// picube-make-pulsar: writes a filterbank with a pulsar in it.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "examples/pulsar/maker.h"

int main(int argc, char** argv) {
  CLI::App app{"Writes a filterbank (.fil) of seeded noise with a pulsar in it."};
  picube::examples::PulsarOptions options;
  std::string path;
  app.add_option("OUT.fil", path, "file to write")->required();
  app.add_option("--seed", options.seed, "of the noise")->capture_default_str();
  app.add_option("--period", options.period, "s, at the start")->capture_default_str();
  app.add_option("--dm", options.dm, "dispersion measure, pc/cm^3")->capture_default_str();
  app.add_option("--acceleration", options.acceleration, "m/s^2; > 0: the period grows")
      ->capture_default_str();
  app.add_option("--duty", options.duty, "part of a turn that the pulse is on")
      ->capture_default_str();
  app.add_option("--strength", options.strength, "of the pulse over the noise of a channel")
      ->capture_default_str();
  app.add_option("--channels", options.channels, "of 1 MHz, down from 1500")->capture_default_str();
  app.add_option("--samples", options.samples, "number of times")->capture_default_str();
  app.add_option("--tsamp", options.sample_seconds, "s between them")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto made = picube::examples::MakeFilterbank(options);
  if (!made) {
    std::cerr << "picube-make-pulsar: " << made.error().Text() << "\n";
    return 2;
  }
  std::ofstream file(path, std::ios::binary);
  file << *made;
  file.close();
  if (!file) {
    std::cerr << "picube-make-pulsar: " << path << " cannot be written.\n";
    return 2;
  }
  return 0;
}
