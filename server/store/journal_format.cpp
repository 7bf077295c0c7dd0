// journal_format
