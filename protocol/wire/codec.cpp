#include "protocol/wire/codec.h"

#include <array>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/wire/layouts.h"
#include "protocol/wire/pack.h"

namespace picube {
namespace {

using pack::Reader;
using pack::Writer;

struct Kind {
  std::uint16_t type;
  std::string_view name;
  bool greets = false;  // understood in kGreetingVersion, whatever else a program speaks
};

// In the order of Message's alternatives. The numbers are on the wire: never renumber.
constexpr std::array<Kind, kMessageTypes> kKinds = {{
    {1, "Enrol", true},   {2, "Enrolled", true}, {3, "Hello", true},
    {4, "Welcome", true}, {5, "AskWork"},        {6, "Assign"},
    {7, "NoWork"},        {8, "Report"},         {9, "Ack"},
    {10, "Heartbeat"},    {11, "Pulse"},         {12, "Goodbye"},
    {13, "GetChunk"},     {14, "Chunk"},         {15, "PutChunk"},
    {16, "PutState"},     {17, "Cancel"},        {18, "Drain"},
    {19, "Submit"},       {20, "Submitted"},     {21, "Query"},
    {22, "Answer"},       {23, "Watch"},         {24, "BatchProgress"},
    {25, "Control"},      {26, "Done"},          {27, "Refused", true},
    {28, "Settings"},     {29, "SettingsTaken"},
}};
static_assert(std::variant_size_v<Message> == kMessageTypes, "a message without a type number");
static_assert(std::is_same_v<std::variant_alternative_t<7, Message>, Report>);
static_assert(std::is_same_v<std::variant_alternative_t<26, Message>, Refused>);
static_assert(std::is_same_v<std::variant_alternative_t<28, Message>, SettingsTaken>);

std::optional<std::size_t> IndexOf(std::uint64_t type) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].type == type) return i;
  }
  return std::nullopt;
}

// --- What a table of fields cannot say -----------------------------------------------------------

template <class T>
void CheckMessage(Reader&, const T&) {}

void CheckMessage(Reader& reader, const Assign& assign) {
  for (const LeaseOffer& offer : assign.leases) {
    if (offer.terms >= assign.terms.size())
      return reader.Fail("a lease names terms that are absent");
  }
}

void CheckMessage(Reader& reader, const UnitResult& result) {
  const bool is_inline = result.payload_bytes <= limits::kInlinePayloadBytes;
  const std::uint64_t expected = is_inline ? result.payload_bytes : 0;
  if (result.payload.size() != expected) reader.Fail("payload and payload_bytes do not fit");
}

void CheckMessage(Reader& reader, const Report& report) {
  for (const UnitResult& result : report.results) CheckMessage(reader, result);
  if (report.earlier.size() + report.results.size() > limits::kResultsPerReport) {
    return reader.Fail("one signature covers at most 256 results");
  }
  if (report.signature) return;
  if (!report.earlier.empty()) return reader.Fail("earlier results without a signature");
  if (reader.Version() < 2) reader.Fail("a report of version 1 needs a signature");
}

void CheckMessage(Reader& reader, const Ack& ack) {
  if (ack.assign && ack.no_work) return reader.Fail("both work and no work");
  if (ack.assign) CheckMessage(reader, *ack.assign);
}

// --- One message ---------------------------------------------------------------------------------

template <std::size_t kIndex>
void ReadBody(Reader& reader, Message& message) {
  auto& body = message.emplace<kIndex>();
  pack::Get(reader, body);
  if (reader.Ok()) CheckMessage(reader, body);
}

using ReadFunction = void (*)(Reader&, Message&);
template <std::size_t... kIndex>
constexpr std::array<ReadFunction, sizeof...(kIndex)> ReadFunctions(
    std::index_sequence<kIndex...>) {
  return {&ReadBody<kIndex>...};
}
constexpr auto kReadFunctions = ReadFunctions(std::make_index_sequence<kMessageTypes>());

Header ReadHeader(Reader& reader) {
  Header header;
  if (reader.Array() != 4) reader.Fail("a list of four was expected");
  header.version = static_cast<std::uint16_t>(reader.UIntIn(0, 0xffff));
  header.type = static_cast<std::uint16_t>(reader.UIntIn(0, 0xffff));
  header.request = reader.UInt();
  return header;
}

std::unexpected<Error> Refuse(std::string what, std::string next = {}) {
  return Fail(ErrorKind::kRefused, std::move(what), std::move(next));
}

}  // namespace

std::uint16_t TypeOf(const Message& message) { return kKinds[message.index()].type; }
std::string_view TypeName(const Message& message) { return kKinds[message.index()].name; }
std::string_view TypeName(std::uint16_t type) {
  const std::optional<std::size_t> index = IndexOf(type);
  return index ? kKinds[*index].name : "unknown";
}

bool IsGreeting(const Message& message) { return kKinds[message.index()].greets; }

Status TryEncodeTo(std::uint16_t version, std::uint64_t request, const Message& message,
                   Bytes& out) {
  const std::size_t before = out.size();
  const auto fail = [&](std::string_view why) {
    out.resize(before);
    return Fail(ErrorKind::kProject, "A message " + std::string(TypeName(message)) +
                                         " cannot be written in protocol version " +
                                         std::to_string(version) + ": " + std::string(why) + ".");
  };
  const bool spoken = version >= kOldestProtocolVersion && version <= kProtocolVersion;
  if (!spoken && !(version == kGreetingVersion && IsGreeting(message))) {
    return fail("this program does not speak it");
  }
  Writer writer(out, version);
  writer.Array(4);
  writer.UInt(version);
  writer.UInt(TypeOf(message));
  writer.UInt(request);
  if (const auto* report = std::get_if<Report>(&message)) {
    if (version < 2 && !report->signature) return fail("it signs every report");
  }
  std::visit([&writer](const auto& body) { pack::Put(writer, body); }, message);
  if (!writer.Ok()) {
    return fail("its field '" + std::string(writer.NewerField()) +
                "' is of a newer protocol version");
  }
  return {};
}

void EncodeTo(std::uint16_t version, std::uint64_t request, const Message& message, Bytes& out) {
  const Status encoded = TryEncodeTo(version, request, message, out);
  PICUBE_CHECK(encoded.has_value(), encoded ? std::string_view() : encoded.error().what);
}

void EncodeTo(const Envelope& envelope, Bytes& out) {
  EncodeTo(envelope.version, envelope.request, envelope.message, out);
}

Bytes Encode(const Envelope& envelope) {
  Bytes out;
  EncodeTo(envelope, out);
  return out;
}

Result<Envelope> Decode(BytesView bytes, Versions spoken) {
  if (bytes.size() > limits::kMessageBytes) return Refuse("The message is too large.");
  Reader reader(bytes);
  const Header header = ReadHeader(reader);
  if (!reader.Ok()) return Refuse("envelope: " + reader.What());
  const std::optional<std::size_t> index = IndexOf(header.type);
  const bool greeting = header.version == kGreetingVersion && index && kKinds[*index].greets;
  if (!greeting && (header.version < spoken.oldest || header.version > spoken.newest)) {
    return Refuse("The message has protocol version " + std::to_string(header.version) +
                      "; this program speaks " + std::to_string(spoken.oldest) + " to " +
                      std::to_string(spoken.newest) + ".",
                  "Update the older side.");
  }
  if (!index) return Refuse("Message type " + std::to_string(header.type) + " is unknown.");

  Envelope envelope;
  envelope.version = header.version;
  envelope.request = header.request;
  reader.SetVersion(header.version);
  kReadFunctions[*index](reader, envelope.message);
  if (reader.Ok() && !reader.AtEnd()) reader.Fail("there are bytes after its end");
  if (!reader.Ok()) return Refuse(std::string(kKinds[*index].name) + ": " + reader.What());
  return envelope;
}

std::optional<Header> PeekHeader(BytesView bytes) {
  Reader reader(bytes);
  const Header header = ReadHeader(reader);
  if (!reader.Ok()) return std::nullopt;
  return header;
}

namespace {
template <class T>
std::size_t PackedBytes(const T& value) {
  Bytes out;
  Writer writer(out);
  pack::Put(writer, value);
  return out.size();
}
constexpr std::size_t kBlobRefBytes = 48;
}  // namespace

std::size_t WireBytes(const UnitResult& result) {
  constexpr std::size_t kRest = 144;  // ids, digest, cost and headers, each at its longest
  return kRest + result.payload.size() + std::min(result.error_text.size(), limits::kTextBytes);
}
std::size_t WireBytes(const LeaseOffer& offer) {
  constexpr std::size_t kRest = 64;
  return kRest + offer.parameters.size() + kBlobRefBytes * offer.inputs.size();
}
std::size_t WireBytes(const WorkTerms& terms) {
  constexpr std::size_t kRest = 96;
  return kRest + terms.application.name.size() + kBlobRefBytes * terms.inputs.size();
}

void FitAnswer(Answer& answer) {
  std::size_t room = limits::kMessageBytes - kEnvelopeRoom - limits::kTextBytes;
  if (answer.server) room -= PackedBytes(*answer.server);
  const auto fit = [&](auto& rows) {
    std::size_t kept = 0;
    for (; kept < rows.size() && kept < limits::kRowsPerAnswer; ++kept) {
      const std::size_t bytes = PackedBytes(rows[kept]);
      if (bytes > room) break;
      room -= bytes;
    }
    if (kept == rows.size()) return;
    rows.resize(kept);
    answer.more = true;
  };
  fit(answer.batches);
  fit(answer.hosts);
  fit(answer.product);
  fit(answer.reasons);
  fit(answer.leases);
}

}  // namespace picube
