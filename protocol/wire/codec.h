// Messages to bytes and back: msgpack array [version, type, request id, body]; the body is a map
// with small integer keys in ascending order (docs/PROTOCOL.md has the table).
//
// Rules:
// - Decoding has no partial success: every length, enum and range is checked against limits.h, a
//   missing required key refuses the message, unknown keys are skipped (so that fields can be
//   added).
// - Nothing is allocated from an announced size, nothing recurses, nesting of skipped values is
//   bounded: bytes from strangers cost at most a small multiple of their own length.
// - Fields that equal their default are left out where they may be.
// - Version 2 only: Report::earlier, Report::ask, a Report without signature, Ack::assign,
//   Ack::no_work. In an envelope of version 1 they are an error when encoding and refuse the
//   message when decoding.
// - Enrol, Enrolled, Hello, Welcome and Refused can be read in kGreetingVersion for ever, whatever
//   range of versions a program speaks: so both sides can find out what they share.
// - Free texts (error texts, reasons, descriptions) are cut to their bound and cleaned of what is
//   not UTF-8 when encoding: a strange error text must not keep a result from arriving. Names are
//   sent as they are and refused by the receiver if they break a rule.
//
// Any thread; no state. Types and keys are never renumbered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/messages.h"

namespace picube {

// The number of a message's type on the wire: 1 … kMessageTypes.
inline constexpr std::uint16_t kMessageTypes = 29;
[[nodiscard]] std::uint16_t TypeOf(const Message& message);
// "Report"; "unknown" for a number that is not a type.
[[nodiscard]] std::string_view TypeName(std::uint16_t type);
[[nodiscard]] std::string_view TypeName(const Message& message);
// Enrol, Enrolled, Hello, Welcome, Refused.
[[nodiscard]] bool IsGreeting(const Message& message);

// Appends the envelope's bytes to `out`: keep `out` and clear it to save allocations. The bytes may
// exceed limits::kMessageBytes, which no receiver takes: who builds a list (reports, assignments)
// stays below it, sockets refuse to send more (SendStatus::kTooLarge). For answers: FitAnswer.
// For senders that choose the version themselves: one that cannot carry the message is their own
// mistake (PICUBE_CHECK).
void EncodeTo(const Envelope& envelope, Bytes& out);
[[nodiscard]] Bytes Encode(const Envelope& envelope);

// The same without making an Envelope, so that the message need not be copied.
void EncodeTo(std::uint16_t version, std::uint64_t request, const Message& message, Bytes& out);
// For answers in a version that the peer chose: kProject if that version cannot carry the message.
// `out` is unchanged on error.
[[nodiscard]] Status TryEncodeTo(std::uint16_t version, std::uint64_t request,
                                 const Message& message, Bytes& out);

// The versions that a program understands, both included.
struct Versions {
  std::uint16_t oldest = kOldestProtocolVersion;
  std::uint16_t newest = kProtocolVersion;
};

// ErrorKind::kRefused with the message type and key at fault in `what`:
// "Report: results (key 1): lease (key 1): an unsigned integer was expected".
[[nodiscard]] Result<Envelope> Decode(BytesView bytes, Versions spoken = {});

// The first three elements, as far as they can be read: what an answer to a message that does not
// decode needs. Nothing is said about the version (it may be unknown), the type or the body.
struct Header {
  std::uint16_t version = 0;
  std::uint16_t type = 0;
  std::uint64_t request = 0;
  bool operator==(const Header&) const = default;
};
[[nodiscard]] std::optional<Header> PeekHeader(BytesView bytes);

// Bytes that this part adds to a message, at most: to fill a Report or an Assign up to
// limits::kMessageBytes, start from kEnvelopeRoom and add these.
inline constexpr std::size_t kEnvelopeRoom = 1024;  // envelope, list headers, signature, ask
[[nodiscard]] std::size_t WireBytes(const UnitResult& result);
[[nodiscard]] std::size_t WireBytes(const LeaseOffer& offer);
[[nodiscard]] std::size_t WireBytes(const WorkTerms& terms);

// Drops rows from the end of `answer` until it fits one message and sets `more` if it had to.
void FitAnswer(Answer& answer);

}  // namespace picube
