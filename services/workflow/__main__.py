"""Runs the workflow service."""

from libs.shared.runtime import run
from services.workflow.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
