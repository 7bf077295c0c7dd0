// picube-recording: makes a recording with known tones, and compares a search with them.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "examples/seti/compare.h"
#include "examples/seti/maker.h"

namespace {

using picube::examples::RecordingOptions;

int Complain(const std::string& what) {
  std::cerr << "picube-recording: " << what << "\n";
  return 2;
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return static_cast<bool>(file);
}

int Make(const std::string& path, const std::string& truth, const RecordingOptions& options) {
  const auto made = picube::examples::MakeRecording(options);
  if (!made) return Complain(made.error().Text());
  if (!WriteFile(path, made->sah)) return Complain(path + " cannot be written.");
  const std::string list = picube::examples::TruthCsv(*made);
  if (!truth.empty() && !WriteFile(truth, list)) return Complain(truth + " cannot be written.");
  std::cout << list;
  return 0;
}

int CompareFiles(const std::string& product, const std::string& truth) {
  std::ifstream product_file(product);
  if (!product_file) return Complain(product + " cannot be opened.");
  std::ifstream truth_file(truth);
  if (!truth_file) return Complain(truth + " cannot be opened.");
  const auto compared = picube::examples::Compare(product_file, truth_file);
  if (!compared) return Complain(compared.error().Text());
  std::cout << compared->text;
  return compared->Good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Makes a recording with known tones, and compares a search with them."};
  app.require_subcommand(1);
  RecordingOptions options;
  std::string path;
  std::string truth;
  auto* make = app.add_subcommand("make", "write a recording of noise and weak drifting tones");
  make->add_option("OUT.sah", path, "file to write")->required();
  make->add_option("--seed", options.seed, "of noise and tones")->capture_default_str();
  make->add_option("--tones", options.tones, "number of tones, 0 to 16")->capture_default_str();
  make->add_option("--max-drift", options.max_drift, "greatest drift, Hz/s")->capture_default_str();
  make->add_option("--power", options.power, "peak power of the tones over the mean")
      ->capture_default_str();
  make->add_option("--truth", truth, "CSV file to write the tones to");
  std::string product;
  auto* compare = app.add_subcommand("compare", "found beside injected; exit code 1 if not equal");
  compare->add_option("PRODUCT.csv", product, "signals.csv of a search")->required();
  compare->add_option("TRUTH.csv", truth, "the tones")->required();
  CLI11_PARSE(app, argc, argv);
  return make->parsed() ? Make(path, truth, options) : CompareFiles(product, truth);
}
