#include "workunits/applications.h"

#include <gtest/gtest.h>

#include <set>

namespace picube {
namespace {

TEST(Applications, BuiltInOnesAreFoundByName) {
  ApplicationRegistry registry;
  AddBuiltInApplications(registry);
  for (const char* name : {"drift", "gw", "milkyway", "primes", "pulsar", "seti"}) {
    const Application* application = registry.Find(name);
    ASSERT_NE(application, nullptr) << name;
    EXPECT_EQ(application->Info().name, name);
  }
  EXPECT_EQ(registry.Find("nothing"), nullptr);
  EXPECT_EQ(registry.All().size(), 6U);
}

TEST(Applications, EachDescribesItself) {
  ApplicationRegistry registry;
  AddBuiltInApplications(registry);
  for (const Application* application : registry.All()) {
    const ApplicationInfo& info = application->Info();
    EXPECT_FALSE(info.summary.empty());
    std::set<std::string> names;
    for (const auto& parameter : info.parameters) {
      EXPECT_FALSE(parameter.help.empty());
      EXPECT_TRUE(names.insert(parameter.name).second);
    }
  }
}

}  // namespace
}  // namespace picube
