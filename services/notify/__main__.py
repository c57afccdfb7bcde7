"""Runs the notify service."""

from libs.shared.runtime import run
from services.notify.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
