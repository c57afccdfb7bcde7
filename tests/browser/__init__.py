"""Journeys through the Admin UI, in a real browser on a real system. CI installs chromium. Else they are skipped."""
