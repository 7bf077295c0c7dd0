// Text scripts: one input a line, and beneath it, indented with "  | ", what came of it. A script
// is its own expectation: running it gives the text that it should be.
//
//   host NAME OWNER [memory=BYTES] [apps=A,B]     enrols and says hello
//   hello NAME [L1 L2 …]      a new connection, holding these leases
//   gone NAME                 its connection ends
//   submit [app=count] [quorum=K] [owners] [priority=P] [key=TEXT]
//   split BATCH UNITS [more] [cost=FLOP] [memory=BYTES]
//   ask NAME [most=N] [wait=MS] [held=MS]
//   report NAME [L1=PAYLOAD] [L2!KIND:TEXT] [seal:L3=PAYLOAD] [unsigned] [forged] [ask=N] [ms=WALL]
//   beat NAME [L1 …]
//   goodbye NAME [L1 …]
//   wait SECONDS              and a tick
//   cancel BATCH · retry BATCH · priority BATCH P · drain NAME · undrain NAME · retire NAME
//   product BATCH · unmergeable BATCH TEXT · unsplittable BATCH TEXT
//   trouble TEXT · mended · restart
//   explain unit|batch ID · explain host NAME · describe batch ID · describe host NAME
//
// KIND is unit, host, link or project. Lines that begin with # and empty lines are kept.
#pragma once

#include <string>

#include "server/core/grid.h"
#include "tests/server_core/driver.h"

namespace picube::test {

// The script with its outputs as they are now.
std::string RunScript(const std::string& text);

// What a step brought, one thing a line, each with `prefix`. In script_output.cpp.
std::string Describe(const Driver& grid, std::size_t events_before, const std::string& prefix);
std::string Describe(const Answer& answer, const std::string& prefix);
std::string Describe(const BatchInfo& info, const std::string& prefix);
std::string Describe(const HostInfo& info, const std::string& prefix);

}  // namespace picube::test
