#include "protocol/crypto/join_code.h"

#include <cctype>
#include <cstring>
#include <optional>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/crypto/hash.h"

namespace picube {
namespace {

constexpr std::string_view kPrefix = "picube1-";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kFixedBytes = 2 + 8 + 3 * 32;
constexpr std::size_t kMostEndpoint = 200;

// Wipes a text when it goes: it holds, or is made of, the invitation's secret. Texts are reserved
// before they are filled, so that no copy is left by growing.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& text) : text_(text) {}
  ~WipeAtEnd() { Wipe(text_.data(), text_.size()); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  std::string& text_;
};

std::string ToBase32(BytesView bytes) {
  std::string text;
  text.reserve(bytes.size() * 8 / 5 + 1);
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<std::uint8_t>(c);
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[held >> (bits - 5) & 31];
    held &= 0xff;
  }
  if (bits > 0) text += kAlphabet[held << (5 - bits) & 31];
  return text;
}

int DigitOf(char c) {
  const char upper = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (upper == 'O') return 0;
  if (upper == 'I' || upper == 'L') return 1;
  const std::size_t digit = kAlphabet.find(upper);
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

// Nothing if a digit is too many or its unused bits are set.
std::optional<Bytes> FromDigits(const std::string& digits) {
  Bytes bytes;
  bytes.reserve(digits.size());
  unsigned held = 0;
  unsigned bits = 0;
  for (const char digit : digits) {
    held = (held << 5 | static_cast<unsigned>(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xff);
  }
  if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::unexpected<Error> Mistyped(std::string what) {
  return Fail(ErrorKind::kUser, std::move(what),
              "Copy the whole code again, as picube-server invite printed it.");
}

bool IsFiller(char c) { return c == '-' || std::isspace(static_cast<unsigned char>(c)) != 0; }

// The values 0 … 31 of the code's characters.
Result<std::string> Digits(std::string_view text) {
  while (!text.empty() && IsFiller(text.front())) text.remove_prefix(1);
  std::string start(text.substr(0, kPrefix.size()));
  for (char& c : start) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (start != kPrefix) {
    return Mistyped("This is not a join code: it does not begin with \"picube1-\".");
  }
  std::string digits;
  digits.reserve(text.size());
  for (const char c : text.substr(kPrefix.size())) {
    if (IsFiller(c)) continue;
    const int digit = DigitOf(c);
    if (digit < 0) {
      const bool shown = std::isprint(static_cast<unsigned char>(c)) != 0;
      return Mistyped("The join code is mistyped: " +
                      (shown ? "'" + std::string(1, c) + "'" : std::string("a character")) +
                      " at place " + std::to_string(digits.size() + 1) +
                      " after \"picube1-\" cannot be part of one.");
    }
    digits += static_cast<char>(digit);
  }
  return digits;
}

template <class Block>
void TakeBlock(BytesView& rest, Block& block) {
  std::memcpy(block.bytes.data(), rest.data(), Block::kSize);
  rest.remove_prefix(Block::kSize);
}

}  // namespace

std::string EncodeJoinCode(const JoinCode& code) {
  PICUBE_CHECK(code.endpoint.size() <= kMostEndpoint, "an endpoint of at most 200 bytes");
  Bytes bytes;
  bytes.reserve(kFixedBytes + kMostEndpoint + kCheckBytes);
  bytes += static_cast<char>(kVersion);
  bytes += static_cast<char>(code.kind);
  const auto expires = static_cast<std::uint64_t>(code.expires.ms);
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(expires >> (56 - 8 * i) & 0xff);
  bytes += code.server_transport_key.View();
  bytes += code.server_signing_key.View();
  bytes.append(reinterpret_cast<const char*>(code.invitation_secret.Data()), 32);
  bytes += code.endpoint;
  bytes += Hash(bytes).View().substr(0, kCheckBytes);

  const WipeAtEnd wipe_bytes(bytes);
  std::string digits = ToBase32(bytes);
  const WipeAtEnd wipe_digits(digits);
  std::string text(kPrefix);
  text.reserve(kPrefix.size() + digits.size() * 6 / 5 + 1);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && i % 5 == 0) text += '-';
    text += digits[i];
  }
  return text;
}

Result<JoinCode> ParseJoinCode(std::string_view text, WallTime now) {
  Result<std::string> digits = Digits(text);
  if (!digits) return std::unexpected(digits.error());
  const WipeAtEnd wipe_digits(*digits);
  std::optional<Bytes> opened = FromDigits(*digits);
  if (!opened) return Mistyped("The join code is mistyped at its end.");
  const WipeAtEnd wipe_bytes(*opened);
  const Bytes& bytes = *opened;
  if (bytes.size() < kFixedBytes + kCheckBytes) {
    return Mistyped("The join code is too short: a part is missing.");
  }
  if (static_cast<std::uint8_t>(bytes[0]) != kVersion) {
    return Mistyped("The join code is mistyped, or was made by a newer version of picube-server.");
  }
  BytesView rest(bytes);
  const BytesView check = rest.substr(rest.size() - kCheckBytes);
  rest.remove_suffix(kCheckBytes);
  if (rest.size() > kFixedBytes + kMostEndpoint ||
      Hash(rest).View().substr(0, kCheckBytes) != check) {
    return Mistyped("The join code is mistyped: its checksum does not fit.");
  }

  JoinCode code;
  const auto kind = static_cast<std::uint8_t>(rest[1]);
  if (kind != 1 && kind != 2) return Mistyped("The join code is for a kind unknown here.");
  code.kind = static_cast<PrincipalKind>(kind);
  rest.remove_prefix(2);
  std::uint64_t expires = 0;
  for (unsigned i = 0; i < 8; ++i) expires = expires << 8 | static_cast<std::uint8_t>(rest[i]);
  code.expires.ms = static_cast<std::int64_t>(expires);
  rest.remove_prefix(8);
  TakeBlock(rest, code.server_transport_key);
  TakeBlock(rest, code.server_signing_key);
  std::memcpy(code.invitation_secret.Data(), rest.data(), 32);
  rest.remove_prefix(32);
  code.endpoint = rest;
  if (code.expires <= now) {
    return Fail(ErrorKind::kUser, "The join code has expired.",
                "Ask for a new one: picube-server invite.");
  }
  return code;
}

}  // namespace picube
