// Every bound of the grid, each with its reason. What strangers can make grow is bounded here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/base/time.h"

namespace picube::limits {

// --- Messages -----------------------------------------------------------------------------------
// Largest frame accepted by any bound socket: one chunk, or one full report, and some room. Without
// it libzmq buffers whatever a peer announces, even before it has authenticated.
inline constexpr std::size_t kMessageBytes = 128 * 1024;
// A blob travels in pieces of this size: a tenth of a second on a slow home uplink.
inline constexpr std::size_t kChunkBytes = 64 * 1024;
// A payload up to this size travels inside the report itself.
inline constexpr std::size_t kInlinePayloadBytes = 16 * 1024;
// Payloads up to this size are kept in the core until merged; larger ones become blobs.
inline constexpr std::size_t kCorePayloadBytes = 1024;
// One signature covers at most this many results; so a report has no more.
inline constexpr std::size_t kResultsPerReport = 256;
inline constexpr std::size_t kLeasesPerAssign = 256;
// Unsigned results a host may have outstanding before the server takes no more of them.
inline constexpr std::size_t kUnsealedPerHost = 1024;
// Chunks one request may ask for: 1 MiB in flight a blob.
inline constexpr std::uint32_t kChunkCredit = 16;
inline constexpr std::size_t kNameBytes = 64;          // host, owner, application, batch names
inline constexpr std::size_t kTextBytes = 1024;        // an error's text
inline constexpr std::size_t kParametersBytes = 4096;  // one unit's parameter block
inline constexpr std::size_t kParameterCount = 64;     // of a submission
inline constexpr std::size_t kInputsPerUnit = 16;      // blobs a unit may name
inline constexpr std::size_t kFilesPerBatch = 64;      // dataset files of a submission
inline constexpr std::size_t kBlobsAnnounced = 256;    // cached blobs a worker tells of
inline constexpr std::size_t kApplications = 64;       // applications a worker tells of
inline constexpr std::size_t kEndpoints = 8;           // server endpoints
inline constexpr std::size_t kSettingLines = 32;       // of a worker's settings, set at once
inline constexpr std::size_t kSettingBytes = 512;      // one of them
inline constexpr std::size_t kSettingsAsked = 64;      // such requests that wait for their hosts
inline constexpr std::size_t kRowsPerAnswer = 500;     // rows of one answer to a query
// Leases of one report: about 200 MB in the command line that makes it.
inline constexpr std::size_t kLeasesPerReport = 2'000'000;

// --- Blobs and payloads
// ---------------------------------------------------------------------------
inline constexpr std::uint64_t kBlobBytes = 64ULL << 30;    // a dataset file
inline constexpr std::uint64_t kResultBytes = 64ULL << 20;  // a result's payload as a blob
// An uploaded file is kept this long without a batch or a result that names it: a slow upload of
// many files is a matter of hours.
inline constexpr Duration kBlobGrace = 24h;
inline constexpr Duration kCollectEvery = 1h;  // looks for such files; reads all names

// --- Leases (grid.md)
// -------------------------------------------------------------------------------
inline constexpr std::uint32_t kMaxErrors = 3;     // distinct owners whose error fails a unit
inline constexpr std::uint32_t kMaxLeases = 8;     // copies handed out in all
inline constexpr std::uint32_t kTriesOfOwner = 2;  // without a result, while others could try
inline constexpr std::uint32_t kMaxSuccesses = 6;  // results that may disagree
inline constexpr Duration kLeastLease = 10min;     // a deadline is never shorter
inline constexpr int kLeaseFactor = 4;             // times the estimated run time
inline constexpr Duration kHostSilence = 90s;      // then its leases are presumed lost
inline constexpr Duration kMostOffline = 24h;      // silence granted to a host that asked for it
inline constexpr Duration kRestPoll = 20s;  // a resting host asks: it is awake within half a minute
inline constexpr Duration kRest = 10min;    // that one which wakes by itself may sleep
inline constexpr Duration kSiteHeartbeat = 4s;  // where a master shows its site, or cools it
inline constexpr std::size_t kPeers = 64;       // of a site, told to its master
inline constexpr Duration kHeartbeat = 20s;     // four may be lost before that
inline constexpr std::size_t kLeasesPerHost = 1024;
inline constexpr Duration kWorkAhead = 120s;  // `adaptive` gives work for this long
inline constexpr Duration kLongPoll = 60s;    // an ask waits this long for work
inline constexpr Duration kHostBackoffLeast = 10s;
inline constexpr Duration kHostBackoffMost = 1h;
inline constexpr Duration kReconnectLeast = 1s;
inline constexpr Duration kReconnectMost = 60s;
// After a lost connection the first try comes within this, at random: ten thousand handshakes take
// a server about 15 s.
inline constexpr Duration kReconnectSpread = 15s;

// --- Hostile peers (wire.md)
// ------------------------------------------------------------------------
inline constexpr std::uint32_t kMalformedPerMinute = 10;  // then the principal is refused
inline constexpr Duration kRefusalSpan = 1h;
inline constexpr Duration kLogAddressEvery = 1min;         // denied peers in the log
inline constexpr std::uint32_t kMessagesPerSecond = 5000;  // a principal; bursts of one second
// A host; bursts of one second. More than a gigabit link carries, and ten times what 100,000 small
// results a second need: whoever is above it only wants the server to hash.
inline constexpr std::uint64_t kBytesPerSecond = 128ULL << 20;
// Connections of one key that the server remembers. A worker has one, a person some commands.
inline constexpr std::size_t kConnectionsPerKey = 64;
// A connection not heard of for so long is forgotten; a worker's beats are ten minutes apart at
// most.
inline constexpr Duration kConnectionQuiet = 30min;
// A worker uploads one result at a time; what it begins and never ends is leases it lost.
inline constexpr std::size_t kUploadsPerHost = 64;
// Blobs that a host has put and no result of it that counts has named: 64 of the largest results.
inline constexpr std::uint64_t kUnnamedBytesPerHost = 4ULL << 30;
inline constexpr std::size_t kHosts = 100'000;
inline constexpr std::size_t kOpenInvitations = 1000;
inline constexpr std::int64_t kInvitationSeconds =
    30LL * 86400;  // a join code is good so long at most
inline constexpr std::size_t kLiveBatches = 10'000;

// --- Splitting
// ---------------------------------------------------------------------------------------- Units of
// one batch that may wait in the core; the splitter goes on below half of it.
inline constexpr std::size_t kUnitsAhead = 50'000;
inline constexpr std::size_t kUnitsPerSplitStep = 1000;
// Inputs made for units of one batch that may wait; a tenth of the smallest SD card in use.
inline constexpr std::uint64_t kInputBytesAhead = 2ULL << 30;
// A step ends early when it has made so much: the splitter's lane is then free for others.
inline constexpr std::uint64_t kInputBytesPerSplitStep = 128ULL << 20;

}  // namespace picube::limits
