"""Checks mail addresses, strictly enough that none can inject a header or a second recipient."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"""[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+""")
MAX_ADDRESS_CHARACTERS = 254


def is_address(text: object) -> bool:
    """Whether `text` is a mail address."""
    return isinstance(text, str) and len(text) <= MAX_ADDRESS_CHARACTERS and ADDRESS.fullmatch(text) is not None
