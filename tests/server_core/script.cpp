#include "tests/server_core/script.h"

#include <map>
#include <sstream>
#include <stdexcept>

namespace picube::test {
namespace {

constexpr const char* kPrefix = "  | ";

class Script {
 public:
  std::string Run(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("  |", 0) == 0) continue;  // an old output
      out += line + '\n';
      if (line.empty() || line[0] == '#') continue;
      out += One(line);
    }
    return out;
  }

 private:
  std::string One(const std::string& line) {
    words_.clear();
    options_.clear();
    line_ = line;
    std::istringstream in(line);
    std::string verb;
    in >> verb;
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      const bool option = equals != std::string::npos && word[0] >= 'a' && word[0] <= 'z' &&
                          word.find(':') == std::string::npos;
      if (option) options_[word.substr(0, equals)] = word.substr(equals + 1);
      words_.push_back(word);
    }
    extra_.clear();
    const std::size_t events_before = grid_.events.size();
    grid_.messages.clear();
    grid_.records.clear();
    Do(verb);
    return extra_ + Describe(grid_, events_before, kPrefix);
  }

  [[noreturn]] void Wrong(const std::string& why) const {
    throw std::runtime_error("\"" + line_ + "\": " + why);
  }
  const std::string& Word(std::size_t index) const {
    if (index >= words_.size()) Wrong("a word is missing");
    return words_[index];
  }
  bool Has(const std::string& word) const {
    for (const std::string& one : words_) {
      if (one == word) return true;
    }
    return false;
  }
  double Option(const std::string& name, double otherwise) const {
    const auto it = options_.find(name);
    return it == options_.end() ? otherwise : std::stod(it->second);
  }
  std::uint64_t Number(const std::string& name, std::uint64_t otherwise) const {
    return static_cast<std::uint64_t>(Option(name, static_cast<double>(otherwise)));
  }
  HostId Host(std::size_t index) const {
    const auto id = grid_.grid->FindHost(Word(index));
    if (!id) Wrong("no such host");
    return *id;
  }
  BatchId Batch(std::size_t index) const { return {std::stoull(Word(index))}; }
  std::vector<LeaseId> Leases() const {
    std::vector<LeaseId> leases;
    for (const std::string& word : words_) {
      if (word[0] == 'L') leases.push_back({std::stoull(word.substr(1))});
    }
    return leases;
  }

  void Do(const std::string& verb) {
    if (DoHost(verb) || DoBatch(verb) || DoServer(verb) || DoShow(verb)) return;
    Wrong("no such verb");
  }

  bool DoHost(const std::string& verb) {
    if (verb == "host") {
      Join();
    } else if (verb == "hello") {
      grid_.Connect(Host(0), Leases());
    } else if (verb == "gone") {
      grid_.Disconnect(Host(0));
    } else if (verb == "ask") {
      AskWork ask = Driver::AskFor(static_cast<std::uint32_t>(Number("most", 16)),
                                   static_cast<std::uint32_t>(Number("wait", 0)));
      ask.held_ms = Number("held", 0);
      grid_.From(Host(0), std::move(ask));
    } else if (verb == "report") {
      SendReport();
    } else if (verb == "beat") {
      grid_.Beat(Host(0), Leases());
    } else if (verb == "goodbye") {
      grid_.From(Host(0), Goodbye{Leases()});
    } else {
      return false;
    }
    return true;
  }

  void Join() {
    grid_.facts = Driver::DefaultFacts();
    grid_.facts.memory_bytes = Number("memory", grid_.facts.memory_bytes);
    if (options_.contains("apps")) {
      grid_.facts.applications.clear();
      std::istringstream names(options_.at("apps"));
      for (std::string name; std::getline(names, name, ',');) {
        grid_.facts.applications.push_back({name, 1});
      }
    }
    grid_.Join(Word(0), Word(1));
  }

  void SendReport() {
    Report report;
    const std::uint64_t ms = Number("ms", 1000);
    for (const std::string& word : words_) {
      const bool seals = word.rfind("seal:L", 0) == 0;
      if (word[0] != 'L' && !seals) continue;
      const std::string rest = word.substr(seals ? 6 : 1);
      const auto mark = rest.find_first_of("=!");
      if (mark == std::string::npos) Wrong("a result is L1=payload or L1!kind:text");
      const LeaseId lease{std::stoull(rest.substr(0, mark))};
      const std::string said = rest.substr(mark + 1);
      if (seals) {
        report.earlier.push_back({lease, DigestOf(said)});
        continue;
      }
      UnitResult result = Driver::ResultOf(lease, said);
      result.cost.cpu_ms = result.cost.wall_ms = ms;
      if (rest[mark] == '!') {
        const auto colon = said.find(':');
        static const std::map<std::string, ErrorKind> kKinds = {{"unit", ErrorKind::kUnit},
                                                                {"host", ErrorKind::kHost},
                                                                {"link", ErrorKind::kLink},
                                                                {"project", ErrorKind::kProject}};
        result.outcome = Outcome::kError;
        result.error_kind = kKinds.at(said.substr(0, colon));
        result.error_text = said.substr(colon + 1);
        result.payload.clear();
        result.payload_bytes = 0;
      }
      report.results.push_back(std::move(result));
    }
    if (options_.contains("ask")) {
      report.ask = Driver::AskFor(static_cast<std::uint32_t>(Number("ask", 1)));
    }
    if (!Has("unsigned")) report.signature.emplace();
    grid_.From(Host(0), std::move(report), !Has("unsigned") && !Has("forged"));
  }

  bool DoBatch(const std::string& verb) {
    if (verb == "submit") {
      Submit submit;
      submit.application = options_.contains("app") ? options_.at("app") : "count";
      const auto quorum = static_cast<std::uint32_t>(Number("quorum", 1));
      if (quorum > 1) submit.replication = {ReplicationKind::kQuorum, quorum, Has("owners")};
      submit.priority = static_cast<std::int32_t>(Option("priority", 0));
      if (options_.contains("key")) submit.request_key = options_.at("key");
      grid_.Submit(std::move(submit));
    } else if (verb == "split") {
      SplitStep step{Batch(0), {}, !Has("more")};
      for (std::uint64_t i = std::stoull(Word(1)); i > 0; --i) {
        step.units.push_back({"p", Option("cost", 1e9), Number("memory", 1 << 20), 1 << 20});
      }
      grid_.Step(std::move(step));
    } else if (verb == "product") {
      grid_.Step(ProductReady{Batch(0), {{"table.csv", "the table", {DigestOf("t"), 9}}}});
    } else if (verb == "unmergeable") {
      grid_.Step(MergeFailed{Batch(0), {ErrorKind::kProject, Word(1), {}}});
    } else if (verb == "unsplittable") {
      grid_.Step(SplitFailed{Batch(0), {ErrorKind::kUser, Word(1), {}}});
    } else if (verb == "cancel") {
      grid_.Order(ControlKind::kCancelBatch, Batch(0).value);
    } else if (verb == "retry") {
      grid_.Order(ControlKind::kRetryFailed, Batch(0).value);
    } else if (verb == "priority") {
      grid_.Order(ControlKind::kSetPriority, Batch(0).value, {}, std::stoll(Word(1)));
    } else {
      return false;
    }
    return true;
  }

  bool DoServer(const std::string& verb) {
    if (verb == "drain" || verb == "undrain") {
      grid_.Order(ControlKind::kDrainHost, 0, Word(0), verb == "drain" ? 1 : 0);
    } else if (verb == "retire") {
      grid_.Order(ControlKind::kRetireHost, 0, Word(0));
    } else if (verb == "trouble") {
      grid_.Step(StoreTrouble{Word(0)});
    } else if (verb == "mended") {
      grid_.Step(StoreTrouble{});
    } else if (verb == "restart") {
      grid_.Restart();
    } else if (verb == "wait") {
      grid_.Advance(FromSeconds(std::stod(Word(0))));
    } else {
      return false;
    }
    return true;
  }

  bool DoShow(const std::string& verb) {
    const bool batch = !words_.empty() && words_[0] == "batch";
    const bool unit = !words_.empty() && words_[0] == "unit";
    const Instant now = grid_.moment.now;
    if (verb == "explain") {
      const Answer answer = unit    ? grid_.grid->ExplainUnit({std::stoull(Word(1))}, now)
                            : batch ? grid_.grid->ExplainBatch(Batch(1), now)
                                    : grid_.grid->ExplainHost(Host(1), now);
      extra_ = Describe(answer, kPrefix);
    } else if (verb == "describe") {
      if (batch && !grid_.grid->DescribeBatch(Batch(1))) {
        extra_ = std::string(kPrefix) + "not live here\n";
      } else {
        extra_ = batch ? Describe(grid_.Info(Batch(1)), kPrefix)
                       : Describe(grid_.Info(Host(1)), kPrefix);
      }
    } else {
      return false;
    }
    return true;
  }

  Driver grid_;
  std::string line_;
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
  std::string extra_;
};

}  // namespace

std::string RunScript(const std::string& text) { return Script().Run(text); }

}  // namespace picube::test
