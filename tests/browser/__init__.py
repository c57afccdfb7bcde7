"""Journeys through the Admin UI in a real browser, on a real system. CI installs chromium; elsewhere they may be skipped."""
