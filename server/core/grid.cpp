#include "server/core/grid.h"

namespace picube {

class Grid::Impl {};

Grid::Grid(GridOptions, Rng) : impl_(std::make_unique<Impl>()) {}
Grid::~Grid() = default;
void Grid::Step(Input, Moment) {}
Ready Grid::TakeReady() { return {}; }
std::optional<Instant> Grid::NextDeadline() const { return {}; }
void Grid::Apply(const Record&, Instant) {}
void Grid::WriteSnapshot(const std::function<void(const Record&)>&) const {}
void Grid::CheckInvariants() const {}
std::uint64_t Grid::StateHash() const { return 0; }
std::optional<BatchInfo> Grid::DescribeBatch(BatchId) const { return {}; }
const Submit* Grid::SubmissionOf(BatchId) const { return nullptr; }
std::optional<HostInfo> Grid::DescribeHost(HostId, Instant) const { return {}; }
std::optional<HostId> Grid::FindHost(std::string_view) const { return {}; }
std::vector<BatchId> Grid::LiveBatches() const { return {}; }
std::vector<HostId> Grid::Hosts() const { return {}; }
ServerInfo Grid::DescribeServer() const { return {}; }
std::vector<AdmittedKey> Grid::Admitted(WallTime) const { return {}; }
Answer Grid::ExplainUnit(UnitId, Instant) const { return {}; }
Answer Grid::ExplainHost(HostId, Instant) const { return {}; }
Answer Grid::ExplainBatch(BatchId, Instant) const { return {}; }

}  // namespace picube
