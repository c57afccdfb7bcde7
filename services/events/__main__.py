"""Runs the events service."""

from libs.shared.runtime import run
from services.events.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
