"""Encrypts secrets at rest that must be read again: AES-256-GCM under a key derived from the platform's secret.

A ciphertext is bound to its owner, so a row copied to another owner can't be decrypted. A new platform secret encrypts
from then on; what former ones have encrypted can still be decrypted.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
FORMAT = b"\x01"
"""First byte of a ciphertext, which identifies the format."""


class Undecryptable(Exception):
    """Encrypted under a secret that is not known, or for another owner."""


class Encryptor:
    """Encrypts and decrypts. `secrets` are the platform's, the present one first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [hmac.new(secret.encode(), b"sealing/1", hashlib.sha256).digest() for secret in secrets]
        self._ciphers = [AESGCM(key) for key in keys]

    def encrypt(self, secret: bytes, owner: str) -> bytes:
        """The ciphertext of a secret, for this owner only."""
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + nonce + self._ciphers[0].encrypt(nonce, secret, owner.encode())

    def decrypt(self, ciphertext: bytes, owner: str) -> bytes:
        """The secret that was encrypted for this owner. Raises Undecryptable."""
        nonce, rest = ciphertext[1 : NONCE_BYTES + 1], ciphertext[NONCE_BYTES + 1 :]
        for cipher in self._ciphers if ciphertext[:1] == FORMAT else ():
            try:
                return cipher.decrypt(nonce, rest, owner.encode())
            except InvalidTag:
                continue
        raise Undecryptable
