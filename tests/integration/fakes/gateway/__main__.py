"""Runs the fake gateway."""

from tests.integration.fakes.gateway.service import main

main()
