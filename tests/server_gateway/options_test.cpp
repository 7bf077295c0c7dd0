// server.yaml: sites, scaling; what is mistyped is named with its line and changes nothing.
#include "server/gateway/options.h"

#include <gtest/gtest.h>

#include "tests/files.h"

namespace picube {
namespace {

std::string Read(const std::string& yaml, ServerOptions& options) {
  const test::Folder folder;
  const Status read = ReadServerSettings(folder.Write("server.yaml", yaml), options);
  if (read) return {};
  const std::size_t at = read.error().what.find("server.yaml:");
  return read.error().what.substr(at == std::string::npos ? 0 : at);
}

TEST(ServerSettings, SitesHaveHostsAMasterAndWatts) {
  ServerOptions options;
  ASSERT_EQ(Read("sites:\n  lab: {hosts: [pi1, pi2], master: pi1, watts: 12.5}\n"
                 "  home: {owners: [ann]}\n",
                 options),
            "");
  ASSERT_EQ(options.sites.size(), 2U);
  EXPECT_EQ(options.sites[0].name, "lab");
  EXPECT_EQ(options.sites[0].master, "pi1");
  EXPECT_EQ(options.sites[0].watts, 12.5);
  EXPECT_TRUE(options.sites[1].owners.contains("ann"));
}

TEST(ServerSettings, ScalingHasBoundsATargetAndCommands) {
  ServerOptions options;
  ASSERT_EQ(Read("scaling: {min_hosts: 2, max_hosts: 5, target_seconds: 300,\n"
                 "  power_off: cube-power off, power_on: cube-power on}\n",
                 options),
            "");
  EXPECT_EQ(options.scaling.min_hosts, 2U);
  EXPECT_EQ(options.scaling.target, 300s);
  EXPECT_EQ(options.power_on_command, "cube-power on");
}

TEST(ServerSettings, WhatIsMistypedIsNamedAndChangesNothing) {
  const char* wrong[] = {"sites:\n  lab: {hosts: [a], watt: 3}\n",
                         "sites:\n  lab: {watts: 3}\n",
                         "sites:\n  lab: {hosts: [a]}\n  attic: {hosts: [a]}\n",
                         "sites:\n  lab: {hosts: [a], watts: -5}\n",
                         "scaling: {min_hosts: 5, max_hosts: 2}\n",
                         "scaling: {power_off: x}\n",
                         "scaling: {target: 5}\n"};
  for (const char* yaml : wrong) {
    ServerOptions options;
    const std::string error = Read(yaml, options);
    EXPECT_TRUE(error.starts_with("server.yaml:")) << yaml << error;
    EXPECT_TRUE(options.sites.empty()) << yaml;
    EXPECT_EQ(options.scaling.max_hosts, 0U) << yaml;
  }
}

}  // namespace
}  // namespace picube
