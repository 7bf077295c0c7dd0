// Records as bytes, for the journal and for snapshots.
//
// The bytes are msgpack: one array a list of records, the first element the version of this format;
// each record is [kind, fields…]. Integers take as few bytes as their value needs, digests are 32
// raw bytes, lists of ids and leases that follow each other are written as differences, so that a
// result of an empty unit takes about 60 to 120 bytes through its whole life.
//
// Kinds and the order of fields leave the process: never renumber; new fields go to the end of
// their record, and a decoder of this version fills what an older writer left out with defaults.
//
// Free functions, any thread.
#pragma once

#include <span>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "server/core/records.h"

namespace picube {

// Appends the encoded records to `out`.
void EncodeRecords(std::span<const Record> records, Bytes& out);

// The records of one EncodeRecords. Fails with kStore if the bytes are cut, altered beyond what the
// format allows, or of a newer version; never reads past their end, and never allocates more than
// a small multiple of their size.
[[nodiscard]] Result<std::vector<Record>> DecodeRecords(BytesView bytes);

}  // namespace picube
