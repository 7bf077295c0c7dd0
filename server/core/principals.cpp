// Invitations, enrolment, retiring, draining and setting.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {
namespace {

constexpr Duration kSettingsPatience = 4s;  // with a host; less than an operator's with the server

}  // namespace

void Grid::Impl::Do(MadeInvitation& input) {
  if (!read_only_why_.empty()) {
    return Refuse(input.reply, ErrorKind::kStore,
                  "The server is read-only: " + read_only_why_ + ".",
                  "Try again when this is mended.");
  }
  EndInvitations();
  if (invitations_.size() >= limits::kOpenInvitations) {
    return Refuse(input.reply, ErrorKind::kRefused,
                  std::to_string(invitations_.size()) + " join codes are open already.",
                  "Wait until some are used or expire.");
  }
  if (input.owner.empty() || input.owner.size() > limits::kNameBytes) {
    return Refuse(input.reply, ErrorKind::kUser, "An owner's name has 1 to 64 bytes.");
  }
  if (input.expires <= wall_) {
    return Refuse(input.reply, ErrorKind::kUser, "The join code would have expired already.",
                  "Give it a longer validity.");
  }
  Emit(InvitationMade{input.key, input.kind, std::move(input.owner), input.expires});
  Send(input.reply, Done{std::move(input.code)});
}

void Grid::Impl::Do(FirstOperator& input) {
  if (keys_.contains(input.transport_key)) return;  // the state was made before
  const HostId id{hosts_.size() + 1};
  const std::string name = UniqueName(std::move(input.name), id);
  Emit(PrincipalEnrolled{.id = id,
                         .kind = PrincipalKind::kOperator,
                         .invitation = {},
                         .name = name,
                         .owner = name,
                         .transport_key = input.transport_key,
                         .signing_key = input.signing_key});
}

void Grid::Impl::EndInvitations() {
  std::vector<TransportKey> ended;
  for (const auto& [key, invitation] : invitations_) {
    if (invitation.expires <= wall_) ended.push_back(key);
  }
  for (const TransportKey& key : ended) Emit(InvitationEnded{key});
}

std::string Grid::Impl::UniqueName(std::string wished, HostId id) const {
  std::string name;
  for (const char c : wished) {  // a name is one word on a command line
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    name += plain ? c : '-';
  }
  constexpr std::size_t kRoom = 12;  // for the number behind it
  if (name.size() > limits::kNameBytes - kRoom) name.resize(limits::kNameBytes - kRoom);
  if (name.empty()) name = "host-" + std::to_string(id.value);
  const bool digits =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) name = "host-" + name;  // or it would be taken for an id
  const auto is_free = [this](const std::string& candidate) {
    const auto it = names_.find(candidate);
    return it == names_.end() || FindHost(it->second)->retired;
  };
  if (is_free(name)) return name;
  // The id is new, so at most a few of these can have been wished for by others.
  for (std::uint64_t number = 2;; ++number) {
    const std::string candidate =
        name + "-" + std::to_string(number <= 16 ? number : id.value + number);
    if (is_free(candidate)) return candidate;
  }
}

void Grid::Impl::DoEnrol(FromPeer& input, Enrol& enrol) {
  const auto known = keys_.find(enrol.transport_key);
  if (known != keys_.end()) {
    const Host& host = *FindHost(known->second);
    const bool resent = !host.retired && host.enrolled.invitation == input.key &&
                        !input.key.IsZero() && host.enrolled.signing_key == enrol.signing_key;
    if (resent) {  // the first answer was lost: answered as the first time
      return Send(input.reply, Enrolled{host.Id(), host.enrolled.name, host.enrolled.owner});
    }
    return Refuse(input.reply, ErrorKind::kRefused, "This transport key is enrolled already.",
                  "Make new keys to join anew.");
  }
  const auto it = invitations_.find(input.key);
  if (it == invitations_.end()) {
    return Refuse(input.reply, ErrorKind::kRefused, "This join code is unknown or was used.",
                  "Ask for a new one: picube invite.");
  }
  if (it->second.expires <= wall_) {
    return Refuse(input.reply, ErrorKind::kRefused, "This join code has expired.",
                  "Ask for a new one: picube invite.");
  }
  if (it->second.kind != enrol.kind) {
    const bool for_host = it->second.kind == PrincipalKind::kHost;
    return Refuse(
        input.reply, ErrorKind::kRefused,
        for_host ? "This join code is for a worker." : "This join code is for an operator.",
        for_host ? "Use it with picube-worker join." : "Use it with picube join.");
  }
  if (hosts_.size() >= limits::kHosts) {
    return Refuse(input.reply, ErrorKind::kRefused,
                  "This server knows as many keys as it can keep.");
  }
  const HostId id{hosts_.size() + 1};
  PrincipalEnrolled record{.id = id,
                           .kind = enrol.kind,
                           .invitation = input.key,
                           .name = UniqueName(std::move(enrol.name), id),
                           .owner = it->second.owner,
                           .transport_key = enrol.transport_key,
                           .signing_key = enrol.signing_key};
  Send(input.reply, Enrolled{id, record.name, record.owner});
  Log(LogLine::Level::kInfo, record.name + " of " + record.owner + " has joined");
  Emit(std::move(record));
}

Host* Grid::Impl::HostOf(const Control& control) {
  if (control.id != 0) return FindHost(HostId{control.id});
  const std::optional<HostId> id = FindHostByName(control.text);
  return id ? FindHost(*id) : nullptr;
}

void Grid::Impl::DoRetire(ReplyTo reply, Control& control) {
  Host* host = HostOf(control);
  if (host == nullptr) {
    return Refuse(reply, ErrorKind::kUser, "There is no such host.", "See picube hosts.");
  }
  const std::string name = host->enrolled.name;
  if (!host->retired) {
    if (!host->IsHost()) {
      const auto operators = std::count_if(hosts_.begin(), hosts_.end(), [](const auto& other) {
        return !other->IsHost() && !other->retired;
      });
      if (operators == 1) {
        return Refuse(reply, ErrorKind::kUser, name + " is the last operator.",
                      "Invite another one first.");
      }
    }
    std::vector<LeaseId> leases = host->out;
    leases.insert(leases.end(), host->unsealed.begin(), host->unsealed.end());
    std::sort(leases.begin(), leases.end());
    if (!host->out.empty()) Push(*host, Cancel{host->out});
    EndLeases(LeaseEnd::kRetired, std::move(leases));
    Disconnect(*host);
    Emit(HostRetired{host->Id()});
  }
  Send(reply, Done{name + " is retired: its key is refused from now on."});
}

void Grid::Impl::DoDrain(ReplyTo reply, Control& control) {
  Host* host = HostOf(control);
  if (host == nullptr || !host->IsHost() || host->retired) {
    return Refuse(reply, ErrorKind::kUser, "There is no such host.", "See picube hosts.");
  }
  const bool drain = control.number != 0;
  if (host->draining != drain) {
    Emit(HostDrained{host->Id(), drain});
    if (drain) {
      AnswerParked(*host, NoWorkReason::kDraining);
      Push(*host, Drain{"the operator drains this host"});
    } else {
      work_appeared_ = true;
    }
  }
  Send(reply, Done{host->enrolled.name +
                   (drain ? " finishes its work and gets no more." : " gets work again.")});
}

// --- Settings of a worker ----------------------------------------------------------------------
// They are the worker's, in its worker.yaml: here is only who asked, until the host has answered.

void Grid::Impl::DoSetHost(ReplyTo reply, Control& control) {
  const Host* host = HostOf(control);
  if (host == nullptr || !host->IsHost() || host->retired) {
    return Refuse(reply, ErrorKind::kUser, "There is no such host.", "See picube hosts.");
  }
  if (control.settings.empty()) {
    return Refuse(reply, ErrorKind::kUser, "No settings were named.",
                  "For example: picube host set " + host->enrolled.name + " threads=2");
  }
  if (host->connection == 0) {
    return Refuse(reply, ErrorKind::kHost, host->enrolled.name + " is not connected.",
                  "Its settings are in its own worker.yaml; set them when it is back.");
  }
  if (settings_asked_.size() >= limits::kSettingsAsked) {
    return Refuse(reply, ErrorKind::kRefused, "Too many hosts are being set at once.",
                  "Try again in a moment.");
  }
  // Not below an earlier one, after a restart either: the instant goes on.
  std::uint64_t token = static_cast<std::uint64_t>(std::max<std::int64_t>(1, now_.us));
  if (!settings_asked_.empty()) token = std::max(token, settings_asked_.rbegin()->first + 1);
  settings_asked_[token] = {reply, host->Id(), now_ + kSettingsPatience};
  Push(*host, Settings{token, std::move(control.settings)});
}

void Grid::Impl::DoSettingsTaken(const Host& host, SettingsTaken& taken) {
  const auto asked = settings_asked_.find(taken.token);
  if (asked == settings_asked_.end() || asked->second.host != host.Id()) return;
  const ReplyTo reply = asked->second.reply;
  settings_asked_.erase(asked);
  std::string text = host.enrolled.name + ": " + taken.text;
  if (taken.taken) return Send(reply, Done{std::move(text)});
  Refuse(reply, ErrorKind::kUser, std::move(text), "Nothing has changed there.");
}

void Grid::Impl::EndUnansweredSettings(HostId gone) {
  for (auto it = settings_asked_.begin(); it != settings_asked_.end();) {
    const AskedSettings& asked = it->second;
    if (gone ? asked.host != gone : now_ < asked.give_up) {
      ++it;
      continue;
    }
    Refuse(asked.reply, ErrorKind::kHost,
           FindHost(asked.host)->enrolled.name + " does not answer; perhaps it has taken them.",
           "Look at its log; a worker of an earlier version cannot be set from here.");
    it = settings_asked_.erase(it);
  }
}

}  // namespace picube
