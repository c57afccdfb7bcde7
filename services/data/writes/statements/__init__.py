"""The SQL of writing: statements that change rows and append log entries, locks, units of work, batches."""
