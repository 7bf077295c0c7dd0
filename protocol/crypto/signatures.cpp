#include "protocol/crypto/signatures.h"

#include <sodium.h>

#include "protocol/base/check.h"

namespace picube {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kReportDomain = "picube/v1/report\0"sv;
constexpr std::string_view kEnrolDomain = "picube/v1/enrol\0"sv;

const unsigned char* Raw(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Signature Sign(const SigningKeys& keys, BytesView text) {
  Signature signature;
  const int failed = crypto_sign_detached(signature.bytes.data(), nullptr, Raw(text), text.size(),
                                          keys.secret.Data());
  PICUBE_CHECK(failed == 0, "signing with a whole key cannot fail");
  return signature;
}

bool Verify(const SigningKey& key, BytesView text, const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), Raw(text), text.size(),
                                     key.bytes.data()) == 0;
}

ReportText::ReportText() : text_(kReportDomain) {}

void ReportText::Add(LeaseId lease, const Digest& digest) {
  char number[8];
  for (unsigned i = 0; i < 8; ++i) number[i] = static_cast<char>(lease.value >> (8 * i) & 0xff);
  text_.append(number, sizeof number);
  text_.append(digest.View());
}

void ReportText::Clear() { text_.resize(kReportDomain.size()); }
bool ReportText::Empty() const { return text_.size() == kReportDomain.size(); }

void AddReport(const Report& report, ReportText& text) {
  for (const SealedResult& result : report.earlier) text.Add(result.lease, result.digest);
  for (const UnitResult& result : report.results) text.Add(result.lease, result.digest);
}

Signature SignReport(const SigningKeys& keys, const Report& report) {
  ReportText text;
  AddReport(report, text);
  return Sign(keys, text.Text());
}

bool VerifyReport(const SigningKey& key, const Report& report) {
  if (!report.signature) return false;
  ReportText text;
  AddReport(report, text);
  return Verify(key, text.Text(), *report.signature);
}

Bytes EnrolProofText(const EnrolProof& proof) {
  Bytes text(kEnrolDomain);
  text += proof.server.View();
  text += proof.invitation.View();
  text += proof.transport_key.View();
  text += proof.signing_key.View();
  text += proof.name;  // last, so that its length needs no mark
  return text;
}

Signature SignEnrol(const SigningKeys& keys, const EnrolProof& proof) {
  return Sign(keys, EnrolProofText(proof));
}

bool VerifyEnrol(const Enrol& enrol, const TransportKey& server, const TransportKey& invitation) {
  const EnrolProof proof{server, invitation, enrol.transport_key, enrol.signing_key, enrol.name};
  return Verify(enrol.signing_key, EnrolProofText(proof), enrol.proof);
}

}  // namespace picube
