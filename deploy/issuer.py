"""`python -m deploy.issuer FILE`: writes the key with which NATS verifies outside subscribers; run it first.

ROCKET_SUBSCRIBERS_SECRET  the secret with which the events service signs. FILE gets the public half, a line of
                           configuration that accounts.conf includes; it is not secret.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from libs.shared.bus.nats.nkeys import Issuer
from libs.shared.runtime.settings import MIN_PASSWORD_CHARACTERS, strong


def line(secret: str) -> str:
    """The configuration that accounts.conf includes."""
    return f"issuer: {Issuer(secret).public}\n"


def main() -> None:
    """Write the file; exit with one clear line if that is impossible."""
    secret = os.environ.get("ROCKET_SUBSCRIBERS_SECRET", "")
    if not strong(secret, MIN_PASSWORD_CHARACTERS):
        raise SystemExit(f"issuer: ROCKET_SUBSCRIBERS_SECRET needs {MIN_PASSWORD_CHARACTERS} random characters or more")
    if len(sys.argv) != 2:
        raise SystemExit("issuer: say which file to write")
    path = Path(sys.argv[1])
    path.write_text(line(secret), encoding="utf-8")
    # The server runs as another user, who may have no rights to files of this one.
    path.chmod(0o644)
    if path.parent.stat().st_uid == os.getuid():
        path.parent.chmod(0o755)


if __name__ == "__main__":
    main()
