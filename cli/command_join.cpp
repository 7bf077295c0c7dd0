// join: an operator's invitation becomes a key of this machine.
//
// The keys are written before they are enrolled, and the profile is complete only afterwards: when
// the answer is lost, the same command with the same code finds the keys and asks whether the
// server knows them.
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "cli/json_views.h"
#include "cli/session.h"
#include "cli/text.h"
#include "protocol/base/limits.h"
#include "protocol/base/text.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "protocol/crypto/signatures.h"

namespace picube {
namespace {

std::string WishedName(Session& session, const JoinCommand& command) {
  if (!command.name.empty()) return command.name;
  const std::string user = session.world().environment("USER");
  const std::string machine = session.world().environment("HOSTNAME");
  std::string name = user.empty() ? "operator" : user;
  if (!machine.empty()) name += "@" + machine;
  return CleanText(name, limits::kNameBytes);
}

Enrol MakeEnrol(const JoinCode& code, const Keys& keys, const std::string& name) {
  Enrol enrol{.kind = PrincipalKind::kOperator,
              .name = name,
              .transport_key = keys.transport.key,
              .signing_key = keys.signing.key,
              .proof = {}};
  enrol.proof = SignEnrol(keys.signing, {.server = code.server_transport_key,
                                         .invitation = code.Invitation().key,
                                         .transport_key = enrol.transport_key,
                                         .signing_key = enrol.signing_key,
                                         .name = enrol.name});
  return enrol;
}

// Enrols by the invitation. When the server does not answer or denies the invitation, it may have
// taken these keys in an earlier try: then it answers them.
Result<Enrolled> EnrolKeys(Session& session, const JoinCode& code, const Keys& keys,
                           const std::string& name) {
  const ServerAddress server{code.endpoint, code.server_transport_key};
  if (Status connected = session.ConnectWith(server, code.Invitation()); !connected) {
    return std::unexpected(connected.error());
  }
  Result<Enrolled> enrolled = session.client().AskFor<Enrolled>(MakeEnrol(code, keys, name));
  if (enrolled) return enrolled;
  if (enrolled.error().kind == ErrorKind::kLink) return enrolled;
  if (session.ConnectWith(server, keys.transport) &&
      session.client().AskFor<Answer>(QueryFor(QueryKind::kServer))) {
    return Enrolled{.id = {}, .name = name, .owner = {}};
  }
  if (enrolled.error().kind == ErrorKind::kRefused) {
    return Fail(ErrorKind::kRefused,
                fmt::format("the server at {} does not take this code: {}", code.endpoint,
                            enrolled.error().what),
                "A code is good once and not for ever: ask for a new one "
                "(`picube invite --operator`).");
  }
  return enrolled;
}

}  // namespace

Exit Run(Session& session, const JoinCommand& command) {
  const Result<JoinCode> code = ParseJoinCode(command.code, session.world().wall());
  if (!code) return session.Fail(code.error());
  if (code->kind != PrincipalKind::kOperator) {
    return session.Fail({ErrorKind::kUser, "this code is for a worker, not for an operator.",
                         "On the machine that shall work type `picube-worker join CODE`."});
  }
  if (command.name.size() > limits::kNameBytes || !IsCleanText(command.name)) {
    return session.Fail(
        {ErrorKind::kUser,
         fmt::format("a name has at most {} bytes, all of them printable.", limits::kNameBytes),
         "Give a shorter one with --name; the code has not been used."});
  }
  const std::filesystem::path folder = JoinFolder(session.common(), session.world().environment);
  if (HasProfile(folder)) {
    return session.Fail({ErrorKind::kUser,
                         fmt::format("{} has joined a server already.", folder.string()),
                         "Name another folder with --profile DIR, or remove that one."});
  }
  std::error_code none;
  const bool used = std::filesystem::exists(folder / "keys", none);
  Result<Keys> keys = PrepareKeys(folder);
  if (!keys) return session.Fail(keys.error());
  const std::string name = WishedName(session, command);
  Result<Enrolled> enrolled = EnrolKeys(session, *code, *keys, name);
  if (!enrolled && used && enrolled.error().kind == ErrorKind::kRefused) {
    // Keys of an interrupted join that the server has seen and does not want: others may do.
    keys = MakeKeys();
    const Status saved = SaveKeys((folder / "keys").string(), *keys);
    if (!saved) return session.Fail(saved.error());
    enrolled = EnrolKeys(session, *code, *keys, name);
  }
  if (!enrolled) return session.Fail(enrolled.error());
  const Status saved = SaveAddress(folder, {code->endpoint, code->server_transport_key});
  if (!saved) return session.Fail(saved.error());
  return session.Show(JoinedJson(*enrolled, folder.string(), code->endpoint),
                      fmt::format("Joined {} as {}. Keys: {}\n\nNext: picube status\n",
                                  Clean(code->endpoint), Clean(enrolled->name), folder.string()));
}

}  // namespace picube
