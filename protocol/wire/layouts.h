// The keys and bounds of every structure of messages.h: the part of docs/PROTOCOL.md that programs
// read. Never renumber a key, never reuse one, never change a default; add new Optional ones.
//
// Templates only; include it in few .cpp files (the codec, the record codec).
#pragma once

#include "protocol/wire/operator_layouts.h"
#include "protocol/wire/work_layouts.h"
