// picube-make-strain: writes a detector's strain with a merger in it.
#include <CLI/CLI.hpp>

#include <iostream>

#include "examples/gw/maker.h"
#include "workunits/hdf5/writer.h"

int main(int argc, char** argv) {
  CLI::App app{"Writes strain (.hdf5) of seeded noise with a merger of two black holes in it."};
  picube::examples::StrainOptions options;
  std::string path;
  app.add_option("OUT.hdf5", path, "file to write")->required();
  app.add_option("--seed", options.seed, "of the noise")->capture_default_str();
  app.add_option("--detector", options.detector, "its name")->capture_default_str();
  app.add_option("--start", options.start, "GPS seconds")->capture_default_str();
  app.add_option("--rate", options.rate, "samples a second")->capture_default_str();
  app.add_option("--seconds", options.seconds, "how long")->capture_default_str();
  app.add_option("--chirp-mass", options.chirp_mass, "suns")->capture_default_str();
  app.add_option("--eta", options.eta, "symmetric mass ratio")->capture_default_str();
  app.add_option("--merger", options.merger, "s after the start")->capture_default_str();
  app.add_option("--snr", options.snr, "signal-to-noise ratio; 0 = no merger")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto made = picube::examples::MakeStrain(options);
  const auto written = made ? picube::WriteStrain(path, *made) : std::unexpected(made.error());
  if (written) return 0;
  std::cerr << "picube-make-strain: " << written.error().Text() << "\n";
  return 2;
}
