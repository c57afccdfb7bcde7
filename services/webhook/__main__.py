"""Runs the webhook service."""

from libs.shared.runtime import run
from services.webhook.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
