#include "server/gateway/decider.h"

#include <gtest/gtest.h>

#include "server/gateway/query_desk.h"
#include "tests/server_desks/desks.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

TEST(Decider, NothingIsReleasedBeforeItIsDurable) {
  TestFolder folder;
  Desks desks(folder.Path());
  const HostId pi = desks.Join("pi");
  desks.Batch(2);
  const LeaseId lease = desks.Ask(pi);
  desks.BreakJournal();
  desks.Return(pi, lease, "x");
  EXPECT_FALSE(desks.Turn());
  EXPECT_TRUE(desks.Sent<Ack>().empty());
  EXPECT_NE(desks.decider->Trouble(), "");
  desks.MendJournal();
  ASSERT_TRUE(desks.Turn());
  ASSERT_EQ(desks.Sent<Ack>().size(), 1U);
  EXPECT_EQ(desks.Sent<Ack>()[0].durable, std::vector{lease});
  EXPECT_EQ(desks.decider->Trouble(), "");
}

TEST(Decider, WhatWaitsIsBoundedHoweverLongTheJournalFails) {
  TestFolder folder;
  Desks desks(folder.Path());
  const HostId pi = desks.Join("pi");
  const BatchId batch = desks.Batch(2);
  const LeaseId lease = desks.Ask(pi);
  desks.BreakJournal();
  const std::string payload(5000, 'p');
  for (int turn = 0; turn < 300; ++turn) {
    desks.From(pi, Heartbeat{});
    desks.Return(pi, lease, payload);  // an honest worker sends it until it is acknowledged
    EXPECT_FALSE(desks.Turn());
    desks.decider->Housekeep();
    EXPECT_LE(desks.decider->Waiting(), 2U) << turn;
    EXPECT_LE(desks.journal->StagedPayloads(), 1U) << turn;
  }
  desks.MendJournal();
  ASSERT_TRUE(desks.Turn());
  ASSERT_TRUE(desks.Turn());
  EXPECT_EQ(desks.decider->Waiting(), 0U);
  EXPECT_EQ(desks.decider->State().DescribeBatch(batch)->settled, 1U);
}

TEST(Decider, ProjectionsQueueIsBoundedHoweverLongItFails) {
  TestFolder folder;
  Desks desks(folder.Path());
  const HostId pi = desks.Join("pi");
  desks.Batch(2);
  desks.BreakProjection();
  desks.From(desks.boss, Control{.kind = ControlKind::kSetPriority, .id = 1, .number = 3});
  ASSERT_TRUE(Eventually([&] { return !desks.Turn(); })) << "its trouble is seen";
  std::size_t queued = 0;
  for (int turn = 0; turn < 300; ++turn) {
    desks.From(pi, Heartbeat{});
    EXPECT_FALSE(desks.Turn());
    desks.decider->Housekeep();
    if (turn == 10) queued = desks.projection->QueueBytes();
  }
  EXPECT_EQ(desks.projection->QueueBytes(), queued);
  EXPECT_LE(desks.decider->Waiting(), 1U);
  desks.MendProjection();
  ASSERT_TRUE(Eventually([&] { return desks.Turn().has_value(); }));
  desks.decider->Housekeep();
  EXPECT_TRUE(Eventually([&] { return desks.projection->QueueBytes() == 0; }));
}

TEST(Decider, TablesAheadOfTheJournalAreRefusedWithTheReason) {
  TestFolder folder;
  Desks desks(folder.Path());
  desks.Join("pi");
  desks.Close();
  const std::string older = ReadText(folder / "journal.db");
  desks.Open();
  desks.Batch(1);
  desks.Close();
  WriteText(folder / "journal.db", older);  // its last transactions are gone
  const auto opened = desks.TryOpen();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kStore);
  EXPECT_NE(opened.error().what.find("The journal ends at row"), std::string::npos);
  EXPECT_NE(opened.error().next.find("backup"), std::string::npos);
}

TEST(Decider, ServerThatStopsInTroubleComesBackWithWhatWasDurable) {
  TestFolder folder;
  Desks desks(folder.Path());
  const HostId pi = desks.Join("pi");
  const BatchId batch = desks.Batch(2);
  const LeaseId first = desks.Ask(pi);
  const LeaseId second = desks.Ask(pi);
  desks.BreakProjection();  // the tables never see the first result
  desks.Return(pi, first, "first");
  (void)desks.Turn();
  ASSERT_EQ(desks.Sent<Ack>().size(), 1U) << "the journal has it";
  desks.BreakJournal();
  desks.From(pi, Heartbeat{});
  desks.Return(pi, second, "second");
  EXPECT_FALSE(desks.Turn());
  EXPECT_TRUE(desks.Sent<Ack>().empty() || desks.Sent<Ack>()[0].durable.empty());
  desks.Close();  // with events pending on both sides
  desks.MendJournal();
  desks.MendProjection();
  desks.Open();
  EXPECT_EQ(desks.decider->State().DescribeBatch(batch)->settled, 1U);
  ASSERT_TRUE(desks.projection->CaughtUp(desks.decider->DurableSeq(), 10s));
  EXPECT_EQ(desks.projection->CountUnits(batch)->settled, 1U);
}

TEST(Decider, SecondSnapshotOfTheSameStateIsNone) {
  TestFolder folder;
  Desks desks(folder.Path());
  for (int i = 0; i < 2; ++i) {
    desks.decider->Snapshot();
    while (desks.decider->WantsFlush()) ASSERT_TRUE(desks.Turn());
  }
  EXPECT_EQ(desks.journal->SnapshotSeq(), desks.journal->LastSeq());
}

TEST(QueryDesk, BatchIsKnownBetweenItsEndAndItsPlaceInTheTables) {
  TestFolder folder;
  Desks desks(folder.Path());
  const BatchId batch = desks.Batch(1);
  QueryDesk queries(desks.decider->State(), *desks.projection,
                    [](const ReplyTo&, const Message&) {});
  desks.BreakProjection();
  desks.From(desks.boss, Control{.kind = ControlKind::kCancelBatch, .id = batch.value});
  (void)desks.Turn();
  for (const Event& event : desks.released.events) {
    if (const auto* archived = std::get_if<BatchArchived>(&event)) queries.Remember(*archived);
  }
  EXPECT_FALSE(desks.decider->State().DescribeBatch(batch));
  const Query query{.kind = QueryKind::kBatch, .id = batch.value, .name = {}};
  const auto state = [&] {
    const Message message = queries.Answer(query, desks.decider->Now().now, {});
    const auto* answer = std::get_if<Answer>(&message);
    return answer == nullptr || answer->batches.empty() ? BatchState::kRunning
                                                        : answer->batches[0].state;
  };
  EXPECT_EQ(state(), BatchState::kCancelled);
  desks.MendProjection();
  EXPECT_TRUE(Eventually([&] {
    (void)desks.Turn();
    const auto found = desks.projection->FindBatch(batch);
    return found && *found && (*found)->info.state == BatchState::kCancelled;
  }));
  EXPECT_EQ(state(), BatchState::kCancelled);
}

}  // namespace
}  // namespace picube::test
