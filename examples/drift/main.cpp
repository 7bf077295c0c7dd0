// picube-make-tones: writes a filterbank with drifting tones in it.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "examples/drift/maker.h"

int main(int argc, char** argv) {
  CLI::App app{"Writes a filterbank (.fil) of seeded noise with drifting tones in it."};
  picube::examples::TonesOptions options;
  std::string path;
  std::vector<std::string> tones;
  app.add_option("OUT.fil", path, "file to write")->required();
  app.add_option("--seed", options.seed, "of the noise")->capture_default_str();
  app.add_option("--channels", options.channels, "narrow ones")->capture_default_str();
  app.add_option("--rows", options.rows, "spectra")->capture_default_str();
  app.add_option("--bits", options.bits, "of a value: 1, 2, 4, 8, 16, 32")->capture_default_str();
  app.add_flag("--rising", options.rising, "frequencies rise with the channels");
  app.add_option("--tone", tones, "START:DRIFT:LEVEL, in channels and deviations; again for more");
  CLI11_PARSE(app, argc, argv);
  const auto fail = [](const std::string& why) {
    std::cerr << "picube-make-tones: " << why << "\n";
    return 2;
  };
  if (!tones.empty()) options.tones.clear();
  for (const std::string& text : tones) {
    unsigned long long start = 0;
    long long drift = 0;
    double level = 0;
    char rest = 0;
    if (std::sscanf(text.c_str(), "%llu:%lld:%lf%c", &start, &drift, &level, &rest) != 3) {
      return fail("--tone " + text + " is not START:DRIFT:LEVEL.");
    }
    options.tones.push_back({start, drift, level});
  }
  const auto made = picube::examples::MakeTones(options);
  if (!made) return fail(made.error().Text());
  std::ofstream file(path, std::ios::binary);
  file << *made;
  file.close();
  return file ? 0 : fail(path + " cannot be written.");
}
