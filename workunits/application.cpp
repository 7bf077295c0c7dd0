#include "workunits/application.h"

#include "protocol/base/check.h"

namespace picube {

Result<std::unique_ptr<Search>> Application::StartSearch(const Dataset&, const Parameters&,
                                                         const SearchOptions&) const {
  return Fail(ErrorKind::kUser, "Application " + Info().name + " has nothing to fit.",
              "Submit it without --fit.");
}

void ApplicationRegistry::Add(std::unique_ptr<Application> application) {
  std::string name = application->Info().name;
  const bool added = by_name_.emplace(std::move(name), std::move(application)).second;
  PICUBE_CHECK(added, "two applications of one name");
}

const Application* ApplicationRegistry::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

std::vector<const Application*> ApplicationRegistry::All() const {
  std::vector<const Application*> all;
  for (const auto& [name, application] : by_name_) all.push_back(application.get());
  return all;
}

}  // namespace picube
