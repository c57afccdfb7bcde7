"""Figures of workflows: how many, how long, where they wait, for whom."""
