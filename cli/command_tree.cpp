#include "cli/command_tree.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <utility>

#include "cli/text.h"
#include "protocol/base/limits.h"

namespace picube {

std::string PathOf(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return (parent == nullptr ? "" : PathOf(*parent) + " ") + app.get_name();
}

namespace {

constexpr const char* kEverywhere = "Everywhere";

// CLI11's help without its long lines: two columns, wrapped at column 80.
class Help : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool positional) const override {
    std::string left = make_option_name(option, positional);
    if (!positional && !option->get_type_name().empty()) left += " " + option->get_type_name();
    return TwoColumns(left, option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return TwoColumns(command->get_display_name(), command->get_description());
  }
  std::string make_usage(const CLI::App* app, std::string) const override {
    std::string usage = PathOf(*app);
    if (!app->get_subcommands({}).empty()) usage += " COMMAND";
    for (const CLI::Option* option : app->get_options({})) {
      if (option->get_positional()) usage += " " + make_option_usage(option);
    }
    return "Usage: " + usage + " [options]\n";
  }
  // What the command is about comes first, what all commands share comes last.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string help = app->get_description() + "\n" + make_usage(app, name);
    help += Section("", *app, [](const CLI::Option& option) { return option.get_positional(); });
    if (!app->get_subcommands({}).empty()) help += make_subcommands(app, mode);
    for (const std::string& group : app->get_groups()) {
      if (group == kEverywhere) continue;
      help += Section(group, *app, [&](const CLI::Option& option) {
        return option.nonpositional() && option.get_group() == group;
      });
    }
    help += Section(kEverywhere, *app,
                    [](const CLI::Option& option) { return option.get_group() == kEverywhere; });
    return app->get_footer().empty() ? help : help + "\n" + app->get_footer() + "\n";
  }
  std::string make_option_usage(const CLI::Option* option) const override {
    const std::string many = option->get_expected_max() > 1 ? "…" : "";
    const std::string name = option->get_name(/*positional=*/true);
    return option->get_required() ? name + many : "[" + name + many + "]";
  }

 private:
  template <class Belongs>
  std::string Section(const std::string& title, const CLI::App& app, Belongs belongs) const {
    std::string lines;
    for (const CLI::Option* option : app.get_options({})) {
      if (belongs(*option)) lines += make_option(option, option->get_positional());
    }
    if (lines.empty()) return lines;
    return "\n" + (title.empty() ? "" : title + ":\n") + lines;
  }
};

// A number from 1 on; CLI11's own conversion takes one that is too large for the largest.
CLI::Validator BatchNumber() {
  const auto check = [](const std::string& text) -> std::string {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    if (digits && text.size() <= 18 && text.find_first_not_of('0') != std::string::npos) return {};
    return "\"" + Clean(text) + "\" is not the number of a batch";
  };
  return CLI::Validator(check, "");
}

CLI::Validator Between(int least, int most) {
  return CLI::Range(least, most).description("");  // the help text says it
}

void AddCommon(CLI::App& app, CommonOptions& common) {
  app.set_help_flag("-h,--help", "Print this help")->group(kEverywhere);
  const auto flag = [&](const char* name, bool& value, const char* help) {
    app.add_flag(name, value, help)->group(kEverywhere);
  };
  const auto option = [&](const char* name, auto& value, const char* type, const char* help) {
    app.add_option(name, value, help)->type_name(type)->group(kEverywhere);
  };
  flag("--json", common.json, "One JSON document on standard output");
  flag("--no-color", common.no_color, "No colours (also by the variable NO_COLOR)");
  option("--profile", common.profile, "DIR", "Keys and endpoint (default: ~/.config/picube)");
  option("--server-state", common.server_state, "DIR",
         "On the server itself: use the operator key in its state folder");
  app.add_option("--timeout", common.timeout_seconds, "Wait so long for an answer (default 15)")
      ->type_name("SECONDS")
      ->check(Between(1, 3600))
      ->group(kEverywhere);
}

// A command; `choose` fills Parser::command when it was the one.
CLI::App* AddCommand(CommandTree& tree, CLI::App& parent, const std::string& name,
                     const std::string& help, const std::string& group,
                     std::function<std::optional<WrongUsage>()> choose) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->group(group);
  command->allow_extras();
  AddCommon(*command, tree.common);
  command->callback([&tree, choose = std::move(choose)] {
    if (!tree.choose) tree.choose = choose;  // the innermost command is called first
  });
  return command;
}

void AddBatch(CLI::App* command, std::uint64_t& batch) {
  command->add_option("BATCH", batch, "Number of the batch, as submit printed it")
      ->required()
      ->check(BatchNumber());
}

std::string JoinNames(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<WrongUsage> ChooseSubmit(CommandTree& tree, const std::string& application) {
  const std::optional<Replication> replication = ParseReplication(tree.replication);
  if (!replication) {
    return WrongUsage{fmt::format("--replication {} is not a policy.", Clean(tree.replication)),
                      "Use single, or quorum:2 up to quorum:6."};
  }
  tree.submit.application = application;
  tree.submit.replication = *replication;
  tree.submit.replication.distinct_owners = tree.distinct_owners;
  tree.submit.priority = static_cast<std::int32_t>(tree.priority);
  tree.submit.parameters = tree.parameters;
  tree.command = tree.submit;
  return std::nullopt;
}

void AddFit(CommandTree& tree, CLI::App& app) {
  SubmitCommand::Fit& fit = tree.submit.fit;
  const std::string group = "Fitting";
  app.add_flag("--fit", fit.on, "Search the best parameters; each step is a batch")->group(group);
  const auto number = [&](const char* name, std::uint64_t& value, const char* help,
                          std::uint64_t most) {
    app.add_option(name, value, help)
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, most).description(""))
        ->group(group);
  };
  number("--evaluations", fit.evaluations, "Points tried at most (default 10000)", 10'000'000);
  number("--step", fit.step, "Points of a step (default two for each connected core)", 10'000);
  number("--seed", fit.seed, "Of the search's random numbers (default 1)", ~std::uint64_t{0});
  app.add_option("--output,-o", fit.output, "Folder; the same again goes on (default ./fit)")
      ->type_name("DIR")
      ->group(group);
}

void AddApplication(CommandTree& tree, CLI::App& submit, const ApplicationInfo& info) {
  CLI::App* app = AddCommand(tree, submit, info.name, info.summary, "Applications",
                             [&tree, name = info.name] { return ChooseSubmit(tree, name); });
  if (info.most_files > 0) {
    CLI::Option* files = app->add_option("FILE", tree.submit.files, info.files_help);
    if (info.least_files > 0) files->required();
  }
  const std::string group = "Parameters of " + info.name;
  for (const ParameterSpec& parameter : info.parameters) {
    std::string help = parameter.help;
    if (!parameter.default_value.empty()) help += " (default " + parameter.default_value + ")";
    const auto keep = [&tree, name = parameter.name](const std::string& value) {
      tree.parameters[name] = value;
    };
    app->add_option_function<std::string>("--" + parameter.name, keep, help)
        ->type_name(parameter.value_name.empty() ? "VALUE" : parameter.value_name)
        ->group(group);
  }
  if (info.searches) AddFit(tree, *app);
  const auto batch_option = [&](CLI::Option* option, const char* type) {
    option->group("The batch");
    if (type != nullptr) option->type_name(type);
    return option;
  };
  batch_option(app->add_option("--name", tree.submit.name, "What to call the batch"), "NAME");
  batch_option(app->add_option("--priority", tree.priority, "-20 to 20, higher first (default 0)"),
               "N")
      ->check(Between(-20, 20));
  batch_option(app->add_option("--replication", tree.replication,
                               "single (default), or quorum:K: K equal results from K hosts"),
               "POLICY");
  batch_option(app->add_flag("--distinct-owners", tree.distinct_owners,
                             "Copies of a unit go to hosts of different owners"),
               nullptr);
  batch_option(app->add_flag("--wait", tree.submit.wait, "Watch the batch until it ends"), nullptr);
  batch_option(app->add_option("--request-key", tree.submit.request_key,
                               "The same key again gives the same batch (for scripts)"),
               "KEY");
}

std::vector<std::string> ApplicationNames(const ApplicationRegistry& applications) {
  std::vector<std::string> names;
  for (const Application* application : applications.All())
    names.push_back(application->Info().name);
  return names;
}

void AddSubmit(CommandTree& tree) {
  CLI::App* submit = AddCommand(
      tree, tree.app, "submit", "Hand in data: submit APP FILE…", "Work",
      [&tree]() -> std::optional<WrongUsage> {
        return WrongUsage{"picube submit needs an application.",
                          "Use one of: " + JoinNames(ApplicationNames(tree.applications)) + "."};
      });
  submit->require_subcommand(0, 1);
  for (const Application* application : tree.applications.All()) {
    AddApplication(tree, *submit, application->Info());
  }
  submit->footer("`picube submit APP --help` lists the application's parameters.");
}

std::optional<WrongUsage> ChooseExplain(CommandTree& tree) {
  ExplainCommand explain;
  const std::string& what = tree.explain_what;
  if (what == "unit")
    explain.kind = QueryKind::kExplainUnit;
  else if (what == "host")
    explain.kind = QueryKind::kExplainHost;
  else if (what == "batch")
    explain.kind = QueryKind::kExplainBatch;
  else
    return WrongUsage{"cannot explain \"" + Clean(what) + "\".", "Use unit, host or batch."};
  const std::string& id = tree.explain_id;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), explain.id);
  const bool number = error == std::errc() && end == id.data() + id.size() && explain.id != 0;
  if (!number) {
    explain.id = 0;
    explain.name = id;
    if (explain.kind != QueryKind::kExplainHost) {
      return WrongUsage{fmt::format("\"{}\" is not the number of a {}.", Clean(id), what),
                        what == "unit" ? "`picube explain batch ID` names the units that wait."
                                       : "`picube status` lists the batches."};
    }
  }
  tree.command = explain;
  return std::nullopt;
}

void AddBatchCommands(CommandTree& tree) {
  CLI::App& app = tree.app;
  CLI::App* status = AddCommand(tree, app, "status", "The server and its batches, or one batch",
                                "Work", [&tree]() -> std::optional<WrongUsage> {
                                  StatusCommand command;
                                  if (tree.batch != 0) command.batch = BatchId{tree.batch};
                                  tree.command = command;
                                  return std::nullopt;
                                });
  status->add_option("BATCH", tree.batch, "Only this batch, in full")->check(BatchNumber());
  AddBatch(AddCommand(tree, app, "watch", "Follow a batch until it ends", "Work",
                      [&tree]() -> std::optional<WrongUsage> {
                        tree.command = WatchCommand{BatchId{tree.batch}};
                        return std::nullopt;
                      }),
           tree.batch);
  CLI::App* product = AddCommand(tree, app, "product", "Download what a batch has made", "Work",
                                 [&tree]() -> std::optional<WrongUsage> {
                                   tree.product.batch = BatchId{tree.batch};
                                   tree.command = tree.product;
                                   return std::nullopt;
                                 });
  AddBatch(product, tree.batch);
  product->add_option("--output,-o", tree.product.output, "Folder (default ./batch-NUMBER)")
      ->type_name("DIR");
  product->add_flag("--force", tree.product.force, "Replace files that differ");
  CLI::App* explain = AddCommand(tree, app, "explain", "Why a unit, host or batch is as it is",
                                 "Work", [&tree] { return ChooseExplain(tree); });
  explain->add_option("WHAT", tree.explain_what, "unit, host or batch")->required();
  explain->add_option("ID", tree.explain_id, "Its number; a host's name will do")->required();
}

void AddReport(CommandTree& tree) {
  CLI::App* report =
      AddCommand(tree, tree.app, "report", "Speed-up of a batch, and where the time went", "Work",
                 []() -> std::optional<WrongUsage> {
                   return WrongUsage{"picube report needs to know on what.",
                                     "Use for example: picube report batch 1"};
                 });
  report->require_subcommand(0, 1);
  CLI::App* batch = AddCommand(tree, *report, "batch", "On a batch that has ended, or runs",
                               "Commands", [&tree]() -> std::optional<WrongUsage> {
                                 tree.report.batch = BatchId{tree.batch};
                                 tree.command = tree.report;
                                 return std::nullopt;
                               });
  AddBatch(batch, tree.batch);
  batch->add_option("--plot", tree.report.plot, "Write a picture too (SVG)")->type_name("FILE");
}

// A command on one batch.
CLI::App* AddBatchControl(CommandTree& tree, const char* name, const char* help, ControlKind kind) {
  CLI::App* command = AddCommand(
      tree, tree.app, name, help, "Control", [&tree, kind]() -> std::optional<WrongUsage> {
        const bool number = kind == ControlKind::kSetPriority;
        tree.command = ControlCommand{
            {.kind = kind, .id = tree.batch, .text = {}, .number = number ? tree.priority : 0}};
        return std::nullopt;
      });
  AddBatch(command, tree.batch);
  return command;
}

// By number if it is one, else by name.
Control OfHost(ControlKind kind, const std::string& host) {
  Control control{.kind = kind, .text = host};
  const char* const last = host.data() + host.size();
  const auto [end, error] = std::from_chars(host.data(), last, control.id);
  if (error == std::errc() && end == last) {
    control.text.clear();
  } else {
    control.id = 0;
  }
  return control;
}

void AddHostControl(CommandTree& tree, CLI::App& host, const char* name, const char* help,
                    ControlKind kind, std::int64_t number) {
  CLI::App* command = AddCommand(tree, host, name, help, "Commands",
                                 [&tree, kind, number]() -> std::optional<WrongUsage> {
                                   Control control = OfHost(kind, tree.host);
                                   control.number = number;
                                   tree.command = ControlCommand{control};
                                   return std::nullopt;
                                 });
  command->add_option("HOST", tree.host, "Its name or number, as `picube hosts` shows")->required();
}

std::optional<WrongUsage> ChooseSet(CommandTree& tree) {
  Control control = OfHost(ControlKind::kSetHost, tree.host);
  if (tree.settings.size() > limits::kSettingLines) {
    return WrongUsage{"Too many settings at once.",
                      fmt::format("At most {} can be set.", limits::kSettingLines)};
  }
  for (const std::string& setting : tree.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0 || setting.size() >= limits::kSettingBytes) {
      return WrongUsage{fmt::format("{} is no setting.", Clean(setting)),
                        "Use NAME=VALUE, for example wishes.hours=22:00-06:00; NAME= removes it."};
    }
    const std::string value = setting.substr(equals + 1);
    control.settings.push_back(setting.substr(0, equals) + (value.empty() ? ":" : ": ") + value);
  }
  tree.command = ControlCommand{std::move(control)};
  return std::nullopt;
}

void AddHostCommands(CommandTree& tree) {
  AddCommand(tree, tree.app, "hosts", "The machines: what they are, do and did", "Hosts",
             [&tree]() -> std::optional<WrongUsage> {
               tree.command = HostsCommand{};
               return std::nullopt;
             });
  CLI::App* energy = AddCommand(tree, tree.app, "energy", "What computing took: kWh, joules, euros",
                                "Hosts", [&tree]() -> std::optional<WrongUsage> {
                                  tree.command = tree.energy;
                                  return std::nullopt;
                                });
  energy->add_option("--euro-per-kwh", tree.energy.tariff.euro_per_kwh, "Your price of electricity")
      ->type_name("EURO")
      ->envname("PICUBE_EURO_PER_KWH")
      ->check(CLI::Range(0.0, 1000.0));
  energy->add_option("--grams-per-kwh", tree.energy.tariff.grams_per_kwh, "CO2 of your electricity")
      ->type_name("GRAMS")
      ->envname("PICUBE_GRAMS_PER_KWH")
      ->check(CLI::Range(0.0, 10'000.0));
  CLI::App* host = AddCommand(tree, tree.app, "host", "Set, retire, drain or undrain a machine",
                              "Hosts", []() -> std::optional<WrongUsage> {
                                return WrongUsage{"picube host needs a command.",
                                                  "Use set, retire, drain or undrain."};
                              });
  host->require_subcommand(0, 1);
  AddHostControl(tree, *host, "retire", "Its key is good no more; its leases go elsewhere",
                 ControlKind::kRetireHost, 0);
  AddHostControl(tree, *host, "drain", "Let it finish what it runs, give it no more",
                 ControlKind::kDrainHost, 1);
  AddHostControl(tree, *host, "undrain", "Give it work again", ControlKind::kDrainHost, 0);
  CLI::App* set = AddCommand(tree, *host, "set", "Change settings in its worker.yaml", "Commands",
                             [&tree] { return ChooseSet(tree); });
  set->add_option("HOST", tree.host, "Its name or number, as `picube hosts` shows")->required();
  set->add_option("SETTING", tree.settings, "NAME=VALUE; NAME= removes it")->required();
}

std::optional<WrongUsage> ChooseInvite(CommandTree& tree) {
  const std::int64_t seconds = ParseSpanSeconds(tree.valid);
  if (seconds == 0) {
    return WrongUsage{fmt::format("--valid {} is not a time.", Clean(tree.valid)),
                      "Use for example 30m, 24h or 7d."};
  }
  if (seconds > limits::kInvitationSeconds) {
    return WrongUsage{fmt::format("--valid {} is too long.", Clean(tree.valid)),
                      fmt::format("A join code is good for at most {} days.",
                                  limits::kInvitationSeconds / 86400)};
  }
  tree.command = ControlCommand{
      {.kind = ControlKind::kInvite,
       .text = tree.owner,
       .number = seconds,
       .principal = tree.operator_invited ? PrincipalKind::kOperator : PrincipalKind::kHost},
      tree.qr};
  return std::nullopt;
}

void AddJoining(CommandTree& tree) {
  CLI::App* invite = AddCommand(tree, tree.app, "invite", "Make a join code for a new machine",
                                "Hosts", [&tree] { return ChooseInvite(tree); });
  invite->add_flag("--operator", tree.operator_invited,
                   "For a person who submits and controls, not for a worker");
  invite->add_option("--owner", tree.owner, "Whose machine it is (default: yours)")
      ->type_name("NAME");
  invite->add_option("--valid", tree.valid, "How long: 30m, 24h, 7d (default 24h)")
      ->type_name("TIME");
  invite->add_flag("--qr", tree.qr, "Show the code as a picture too");
  CLI::App* join = AddCommand(tree, tree.app, "join", "Use an operator's join code on this machine",
                              "Hosts", [&tree]() -> std::optional<WrongUsage> {
                                tree.command = tree.join;
                                return std::nullopt;
                              });
  join->add_option("CODE", tree.join.code, "The code, as it was printed")->required();
  join->add_option("--name", tree.join.name, "What the server shall call this key")
      ->type_name("NAME");
}

}  // namespace

CommandTree::CommandTree(const ApplicationRegistry& registry) : applications(registry) {
  app.formatter(std::make_shared<Help>());
  app.option_defaults()->ignore_case(false);
  app.require_subcommand(0, 1);
  app.allow_extras();
  AddCommon(app, common);
  app.set_version_flag("--version", kVersionText, "Print the version")->group(kEverywhere);
  AddSubmit(*this);
  AddBatchCommands(*this);
  AddReport(*this);
  AddBatchControl(*this, "cancel", "Stop a batch", ControlKind::kCancelBatch);
  AddBatchControl(*this, "retry", "Try its failed units again", ControlKind::kRetryFailed);
  AddBatchControl(*this, "priority", "Let a batch go before or after others",
                  ControlKind::kSetPriority)
      ->add_option("N", priority, "-20 to 20, higher first")
      ->required()
      ->check(Between(-20, 20));
  AddHostCommands(*this);
  AddJoining(*this);
  app.footer("Example: picube submit primes --to 1000000000 --replication quorum:2 --wait");
}

}  // namespace picube
