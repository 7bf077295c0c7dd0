// picube-make-stars: draws a list of stars from a file of parameters.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "examples/milkyway/maker.h"
#include "workunits/milkyway/reader.h"

int main(int argc, char** argv) {
  CLI::App app{"Draws stars from a model of a stripe: a background and streams."};
  picube::examples::StarsOptions options;
  std::string model;
  std::string path;
  app.add_option("PARAMETERS", model, "of the separation program, .lua or .txt")->required();
  app.add_option("OUT.txt", path, "list of stars to write")->required();
  app.add_option("--seed", options.seed, "of the drawing")->capture_default_str();
  app.add_option("--stars", options.stars, "how many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto fail = [](const std::string& why) {
    std::cerr << "picube-make-stars: " << why << "\n";
    return 2;
  };
  const auto read = picube::milkyway::ReadModel(model, model);
  if (!read) return fail(read.error().Text());
  const auto made = picube::examples::MakeStars(read->model, options);
  if (!made) return fail(made.error().Text());
  std::ofstream file(path, std::ios::binary);
  file << *made;
  file.close();
  return file ? 0 : fail(path + " cannot be written.");
}
