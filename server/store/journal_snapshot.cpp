// journal_snapshot
