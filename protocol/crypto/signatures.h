// What is signed, and by which exact bytes. Every text begins with a domain that no other text has,
// so that a signature never means two things. Call InitCrypto() before. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/ids.h"
#include "protocol/crypto/keys.h"
#include "protocol/messages.h"

namespace picube {

[[nodiscard]] Signature Sign(const SigningKeys& keys, BytesView text);
[[nodiscard]] bool Verify(const SigningKey& key, BytesView text, const Signature& signature);

// "picube/v1/report\0", then for each result in order: lease (64 bits, little-endian), digest (32).
class ReportText {
 public:
  ReportText();
  void Add(LeaseId lease, const Digest& digest);
  void Clear();  // for the next report; keeps the memory
  [[nodiscard]] BytesView Text() const { return text_; }
  [[nodiscard]] bool Empty() const;

 private:
  Bytes text_;
};
// `report.earlier` in order, then `report.results`.
void AddReport(const Report& report, ReportText& text);
[[nodiscard]] Signature SignReport(const SigningKeys& keys, const Report& report);
// False without a signature. About 60-80 µs.
[[nodiscard]] bool VerifyReport(const SigningKey& key, const Report& report);

// "picube/v1/enrol\0", server transport key, invitation public key, new transport key, new signing
// key, name: who joins holds the signing key, and means this server and this invitation.
struct EnrolProof {
  TransportKey server;
  TransportKey invitation;
  TransportKey transport_key;
  SigningKey signing_key;
  std::string_view name;
};
[[nodiscard]] Bytes EnrolProofText(const EnrolProof& proof);
[[nodiscard]] Signature SignEnrol(const SigningKeys& keys, const EnrolProof& proof);
[[nodiscard]] bool VerifyEnrol(const Enrol& enrol, const TransportKey& server,
                               const TransportKey& invitation);

}  // namespace picube
