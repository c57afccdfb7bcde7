"""Secrets at rest that must be read again: AES-256-GCM under a key of the platform's secret.

What is sealed is bound to its owner, so a row put in another's place can't be opened. A new platform
secret seals from then on, while what former ones have sealed can still be opened.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
FORM = b"\x01"
"""First byte of what is sealed, so that another form can come one day."""


class Undecryptable(Exception):
    """Sealed under a secret that we don't have, or for somebody else."""


class Encryptor:
    """Seals and opens. `secrets` are the platform's, the present one first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [hmac.new(secret.encode(), b"sealing/1", hashlib.sha256).digest() for secret in secrets]
        self._ciphers = [AESGCM(key) for key in keys]

    def encrypt(self, secret: bytes, owner: str) -> bytes:
        """The secret, for nobody but this owner."""
        nonce = os.urandom(NONCE)
        return FORM + nonce + self._ciphers[0].encrypt(nonce, secret, owner.encode())

    def decrypt(self, sealed: bytes, owner: str) -> bytes:
        """The secret that was sealed for this owner. Raises Undecryptable."""
        nonce, rest = sealed[1 : NONCE + 1], sealed[NONCE + 1 :]
        for cipher in self._ciphers if sealed[:1] == FORM else ():
            try:
                return cipher.decrypt(nonce, rest, owner.encode())
            except InvalidTag:
                continue
        raise Undecryptable
