#include <array>
#include <utility>

#include "worker/core/agent.h"

namespace picube {
namespace {

using S = AgentState;
using E = AgentEvent;

struct Edge {
  AgentState from;
  AgentEvent event;
  AgentState to;
};

// Pairs that are not named leave the state as it is. kEnd leads to kEnded from everywhere.
constexpr Edge kEdges[] = {
    {S::kStarting, E::kStarted, S::kOffline},

    {S::kOffline, E::kConnected, S::kGreeting},    {S::kOffline, E::kStop, S::kLeaving},

    {S::kGreeting, E::kWelcomed, S::kWorking},     {S::kGreeting, E::kDisconnected, S::kOffline},
    {S::kGreeting, E::kStop, S::kLeaving},

    {S::kWorking, E::kDrain, S::kDraining},        {S::kWorking, E::kConnected, S::kGreeting},
    {S::kWorking, E::kDisconnected, S::kOffline},  {S::kWorking, E::kSilent, S::kGreeting},
    {S::kWorking, E::kStop, S::kLeaving},

    {S::kDraining, E::kUndrain, S::kWorking},      {S::kDraining, E::kConnected, S::kGreeting},
    {S::kDraining, E::kDisconnected, S::kOffline}, {S::kDraining, E::kSilent, S::kGreeting},
    {S::kDraining, E::kStop, S::kLeaving},
};

}  // namespace

AgentState Next(AgentState state, AgentEvent event) {
  if (event == E::kEnd) return S::kEnded;
  for (const Edge& edge : kEdges) {
    if (edge.from == state && edge.event == event) return edge.to;
  }
  return state;
}

std::string_view Name(AgentState state) {
  constexpr std::array<std::string_view, 7> kNames = {"starting", "offline", "greeting", "working",
                                                      "draining", "leaving", "ended"};
  return kNames[std::to_underlying(state)];
}

}  // namespace picube
