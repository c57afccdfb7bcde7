"""Projections of the commit log, and their replays: verification and rebuilding, as jobs in small steps."""

from libs.shared.replays.projection import Projection, ReplayState, Step

__all__ = ["Projection", "ReplayState", "Step"]
