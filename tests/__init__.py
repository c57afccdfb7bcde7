"""Unit, contract, integration, end-to-end, chaos, browser and architecture tests."""
