#include "worker/settings_edit.h"

#include <algorithm>
#include <array>

namespace picube {
namespace {

using Lines = std::vector<std::string>;

// What an operator may set from afar: how much is computed, not for whom.
constexpr std::array<std::string_view, 6> kSettable = {
    "wishes", "threads", "cache_mb", "offline_hours", "reconnect_spread", "log_level"};
constexpr std::string_view kOfWishes = "wishes.";

struct Edit {
  std::string name;   // without "wishes."
  std::string value;  // empty = remove
  bool of_wishes = false;
};

Lines LinesOf(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}
bool SaysNothing(std::string_view line) {
  const std::size_t indent = IndentOf(line);
  return indent == line.size() || line[indent] == '#' || line[indent] == '\r';
}
bool IsKey(std::string_view line, std::size_t indent, const std::string& name) {
  return IndentOf(line) == indent && line.substr(indent).starts_with(name + ":");
}

Result<Edit> Read(const std::string& line) {
  const std::size_t colon = line.find(':');
  Edit edit;
  edit.name = line.substr(0, colon);
  const bool clean = std::ranges::none_of(line, [](unsigned char c) { return c < ' '; });
  if (colon == std::string::npos || !clean) {
    return Fail(ErrorKind::kUser, "a line of the form `name: value` was expected.");
  }
  edit.value = line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
  edit.of_wishes = edit.name.starts_with(kOfWishes);
  if (edit.of_wishes) {
    edit.name = edit.name.substr(kOfWishes.size());
  } else if (std::ranges::find(kSettable, edit.name) == kSettable.end()) {
    std::string there;
    for (const std::string_view name : kSettable) there += std::string(name) + ", ";
    return Fail(ErrorKind::kUser,
                "'" + edit.name + "' is not set from afar. There are: " + there + "wishes.NAME.");
  }
  const bool word = !edit.name.empty() && std::ranges::all_of(edit.name, [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  if (word) return edit;
  return Fail(ErrorKind::kUser, "'" + edit.name + "' is no setting's name.");
}

// The line after the last one that belongs to the key at `at`: those indented deeper, and a list
// that begins where the key does.
std::size_t EndOf(const Lines& lines, std::size_t at) {
  const std::size_t indent = IndentOf(lines[at]);
  std::size_t end = at + 1;
  for (std::size_t i = at + 1; i < lines.size(); ++i) {
    if (SaysNothing(lines[i])) continue;
    const std::size_t own = IndentOf(lines[i]);
    if (own < indent || (own == indent && !lines[i].substr(own).starts_with("-"))) break;
    end = i + 1;
  }
  return end;
}

// "  # of four", of a line whose value has no quotes that could hold a '#'.
std::string CommentOf(const std::string& line) {
  const std::size_t hash = line.find(" #");
  if (hash == std::string::npos || line.find_first_of("\"'") < hash) return {};
  return line.substr(line.find_last_not_of(' ', hash) + 1);
}

// Among the lines [from, to), whose keys have this indent; without one it goes to `to`.
void Put(Lines& lines, std::size_t from, std::size_t to, std::size_t indent, const Edit& edit) {
  std::string fresh = std::string(indent, ' ') + edit.name + ": " + edit.value;
  const auto at = [&](std::size_t i) { return lines.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t i = from; i < to; ++i) {
    if (!IsKey(lines[i], indent, edit.name)) continue;
    fresh += CommentOf(lines[i]);
    lines.erase(at(i), at(EndOf(lines, i)));
    if (!edit.value.empty()) lines.insert(at(i), fresh);
    return;
  }
  if (!edit.value.empty()) lines.insert(at(to), fresh);
}

Status PutWish(Lines& lines, const Edit& edit) {
  const auto found =
      std::ranges::find_if(lines, [](const std::string& l) { return IsKey(l, 0, "wishes"); });
  if (found == lines.end()) {
    if (edit.value.empty()) return {};
    lines.emplace_back("wishes:");
    lines.push_back("  " + edit.name + ": " + edit.value);
    return {};
  }
  const auto at = static_cast<std::size_t>(found - lines.begin());
  const std::size_t value = found->find_first_not_of(' ', std::string_view("wishes:").size());
  if (value != std::string::npos && (*found)[value] != '#' && (*found)[value] != '\r') {
    return Fail(ErrorKind::kUser, "the wishes in worker.yaml are on one line; set `wishes` whole.");
  }
  const std::size_t end = EndOf(lines, at);
  std::size_t indent = 2;
  for (std::size_t i = end; i-- > at + 1;) {
    if (!SaysNothing(lines[i])) indent = IndentOf(lines[i]);
  }
  Put(lines, at + 1, end, indent, edit);
  return {};
}

}  // namespace

Result<std::string> EditSettings(std::string_view text, const std::vector<std::string>& lines) {
  Lines edited = LinesOf(text);
  for (const std::string& line : lines) {
    const auto edit = Read(line);
    if (!edit) return std::unexpected(edit.error());
    if (!edit->of_wishes) {
      Put(edited, 0, edited.size(), 0, *edit);
    } else if (const Status put = PutWish(edited, *edit); !put) {
      return std::unexpected(put.error());
    }
  }
  std::string all;
  for (const std::string& line : edited) all += line + '\n';
  return all;
}

}  // namespace picube
