"""Projections of the commit log, and their replays: verification and rebuilding, as jobs in small steps."""

from libs.shared.replays.projection import Memory, Projection, Step

__all__ = ["Memory", "Projection", "Step"]
