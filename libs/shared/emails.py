"""E-mail addresses: what one is, and the form in which they are compared.

That form is in NFC and lower case, without invisible characters. The gateway's tables compute the same form
(services/gateway/sql/*/…_addresses.sql).
"""

from __future__ import annotations

import re
import unicodedata

MAX_EMAIL_CHARACTERS = 320
"""Characters of an address: 64 before the @ and 255 behind it."""
CONTROLS = ((0x01, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F))
"""Control characters other than NUL and white space; no address contains them."""
IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Invisible characters: Unicode's Default_Ignorable_Code_Point and the marks of interlinear annotations."""
INVISIBLE = (*CONTROLS, *IGNORABLE)
"""First and last code point of each range of characters that are left out."""
LEFT_OUT = dict.fromkeys(code for first, last in INVISIBLE for code in range(first, last + 1))


ADDRESS = re.compile(r"""[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+""")
MAX_ADDRESS_CHARACTERS = 254
"""Characters of an address that mails are sent to."""


def is_address(text: object) -> bool:
    """Whether `text` is a mail address, strictly enough that none can inject a header or a second recipient."""
    return isinstance(text, str) and len(text) <= MAX_ADDRESS_CHARACTERS and ADDRESS.fullmatch(text) is not None


def same_address(text: str) -> str:
    """The form in which addresses are compared, and new ones are stored.

    `normalize` sorts accents in a row in quadratic time, so a text that is too long for an address is only trimmed
    and lower-cased.
    """
    if len(text) > MAX_EMAIL_CHARACTERS:
        return text.strip().lower()
    # Before and after: what lower case takes apart is composed again, and the end of a word depends on what is visible.
    visible = unicodedata.normalize("NFC", text.translate(LEFT_OUT).strip())
    return unicodedata.normalize("NFC", visible.lower())
