// The table of the agent's states.
#include <gtest/gtest.h>

#include <vector>

#include "worker/core/agent.h"

namespace picube {
namespace {

using S = AgentState;
using E = AgentEvent;

TEST(AgentStates, AUsualLife) {
  S state = S::kStarting;
  const std::vector<std::pair<E, S>> life = {
      {E::kStarted, S::kOffline},    {E::kConnected, S::kGreeting}, {E::kWelcomed, S::kWorking},
      {E::kDrain, S::kDraining},     {E::kUndrain, S::kWorking},    {E::kDisconnected, S::kOffline},
      {E::kConnected, S::kGreeting}, {E::kWelcomed, S::kWorking},   {E::kSilent, S::kGreeting},
      {E::kWelcomed, S::kWorking},   {E::kStop, S::kLeaving},       {E::kEnd, S::kEnded},
  };
  for (const auto& [event, expected] : life) {
    state = Next(state, event);
    EXPECT_EQ(state, expected) << Name(expected);
  }
}

TEST(AgentStates, NothingLeadsOutOfTheEnd) {
  for (int e = 0; e <= static_cast<int>(E::kEnd); ++e) {
    EXPECT_EQ(Next(S::kEnded, static_cast<E>(e)), S::kEnded);
  }
}

TEST(AgentStates, LeavingIsLeftOnlyByTheEnd) {
  for (int e = 0; e < static_cast<int>(E::kEnd); ++e) {
    EXPECT_EQ(Next(S::kLeaving, static_cast<E>(e)), S::kLeaving);
  }
}

TEST(AgentStates, EveryStateHasAName) {
  for (int s = 0; s <= static_cast<int>(S::kEnded); ++s) {
    EXPECT_FALSE(Name(static_cast<S>(s)).empty());
  }
}

}  // namespace
}  // namespace picube
