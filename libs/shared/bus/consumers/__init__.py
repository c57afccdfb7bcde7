"""Reacting to events of a stream: subscriptions, per-app workers, retry, dead letters, checkpoints, backfill."""
