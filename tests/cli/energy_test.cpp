// `picube energy`: sums, joules per unit, what it costs.
#include "cli/energy.h"

#include <gtest/gtest.h>

namespace picube {
namespace {

HostInfo Host(const std::string& name, const std::string& owner, std::uint64_t joules,
              EnergySource source) {
  HostInfo host;
  host.name = name;
  host.owner = owner;
  host.site = "lab";
  host.settled = 10;
  host.cpu_ms = 3'600'000;
  host.flop = 1e12;
  host.energy = {.results = 10,
                 .millijoules = joules * 1000,
                 .marginal_millijoules = joules * 400,
                 .sources = 1U << static_cast<std::uint32_t>(source)};
  return host;
}

TEST(EnergyView, SumsHostsOfOwnersAndSites) {
  HostInfo person;
  person.kind = PrincipalKind::kOperator;
  const EnergyView view = EnergyOf(
      {Host("a", "ann", 1000, EnergySource::kIna), Host("b", "ann", 3000, EnergySource::kModel),
       Host("c", "ben", 500, EnergySource::kPmic), person},
      {});
  ASSERT_EQ(view.hosts.size(), 3U);
  ASSERT_EQ(view.owners.size(), 2U);
  EXPECT_EQ(view.owners[0].name, "ann");
  EXPECT_EQ(view.owners[0].energy.millijoules, 4'000'000U);
  EXPECT_EQ(view.owners[0].Source(), "ina+model");
  EXPECT_EQ(view.owners[0].ErrorPercent(), 20) << "as good as the worst";
  EXPECT_EQ(view.owners[1].ErrorPercent(), 10);
  ASSERT_EQ(view.sites.size(), 1U);
  EXPECT_EQ(view.total.energy.millijoules, 4'500'000U);
  EXPECT_EQ(view.hosts[0].JoulesPerUnit(), 100);
  EXPECT_EQ(view.hosts[0].MarginalPerUnit(), 40);
  EXPECT_EQ(view.hosts[0].FlopPerJoule(), 1e9);
  EXPECT_EQ(view.hosts[0].ErrorPercent(), 2);
}

TEST(EnergyView, WhatIsUnknownIsNeverZero) {
  HostInfo dark = Host("dark", "ann", 0, EnergySource::kModel);
  dark.energy = {};
  const EnergyView view = EnergyOf({dark}, {});
  EXPECT_FALSE(view.hosts[0].JoulesPerUnit());
  EXPECT_EQ(view.hosts[0].Source(), "-");
  const std::string json = EnergyJson(view, {.euro_per_kwh = 0.3, .grams_per_kwh = {}});
  EXPECT_NE(json.find("\"millijoules\": null"), std::string::npos);
  EXPECT_EQ(json.find("\"euro\""), std::string::npos);
}

TEST(EnergyView, CostsWhatTheOwnersTariffSays) {
  HostInfo host = Host("a", "ann", 3'600'000, EnergySource::kMeter);  // 1 kWh
  const EnergyView view = EnergyOf({host}, {});
  EXPECT_EQ(view.hosts[0].Kwh(), 1);
  const std::string text = EnergyText(view, {.euro_per_kwh = 0.32, .grams_per_kwh = 380});
  EXPECT_NE(text.find("0.3200"), std::string::npos) << text;
  EXPECT_NE(text.find("380.00"), std::string::npos) << text;
  EXPECT_NE(text.find("meter ±2%"), std::string::npos) << text;
  const std::string plain = EnergyText(view, {});
  EXPECT_EQ(plain.find("EURO"), std::string::npos);
  EXPECT_NE(plain.find("--euro-per-kwh"), std::string::npos) << "how to get it";
}

}  // namespace
}  // namespace picube
