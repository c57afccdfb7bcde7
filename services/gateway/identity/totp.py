"""Time-based one-time passwords (RFC 6238: HMAC-SHA-1, 6 digits, steps of 30 s) and recovery codes: pure.

The few lines of RFC 4226's truncation are ours; the tests hold them against both RFCs' vectors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

STEP_S = 30
CODE_DIGITS = 6
DRIFT_STEPS = 1
"""Steps that a device's clock may be behind or ahead."""
SECRET_BYTES = 20
RECOVERY_CODES = 10
CODE = re.compile(r"[0-9]{6}")
RECOVERY = re.compile(r"[A-Z2-7]{16}")


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step (RFC 4226, 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def matching_step(secret: bytes, code: str, now: float) -> int | None:
    """The step whose code this is, around `now` (Unix seconds); None if it is none of them."""
    if not CODE.fullmatch(code):
        return None
    present = int(now) // STEP_S
    found = None
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        # All are compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_at(secret, step), code):
            found = step
    return found


def as_text(secret: bytes) -> str:
    """The secret as people type it: base32."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, issuer: str, account: str) -> str:
    """What a QR code for authenticator apps holds (the Key Uri Format)."""
    values = {"secret": as_text(secret), "issuer": issuer, "algorithm": "SHA1", "digits": CODE_DIGITS, "period": STEP_S}
    return f"otpauth://totp/{quote(issuer, safe='')}:{quote(account, safe='')}?{urlencode(values, quote_via=quote)}"


def new_recovery_codes() -> list[str]:
    """Ten codes of 80 random bits each, as `ABCD-EFGH-IJKL-MNOP`."""
    texts = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(text[n : n + 4] for n in range(0, 16, 4)) for text in texts]


def recovery_hash(text: str) -> bytes | None:
    """The stored form of a recovery code in any spelling; None if it is malformed."""
    plain = text.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(plain.encode()).digest() if RECOVERY.fullmatch(plain) else None
