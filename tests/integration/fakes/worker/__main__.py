"""Runs the fake worker."""

from tests.integration.fakes.worker.service import main

main()
