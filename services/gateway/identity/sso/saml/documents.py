"""Reading XML of strangers: bounded, without document types, entities or network."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from lxml import etree

MAX_XML_BYTES = 512 * 1024
NAMESPACES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
}
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


class BadDocument(Exception):
    """A document that must not be believed; the text says why, and holds nothing of it."""


def decoded(text: str) -> bytes:
    """The bytes of a Base64 text, at most MAX_XML_BYTES. Raises BadDocument."""
    if len(text) > MAX_XML_BYTES * 4 // 3 + 4:
        raise BadDocument("it is too large")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadDocument("it is no Base64") from None


def inflated(data: bytes) -> bytes:
    """The bytes that a redirect has compressed, at most MAX_XML_BYTES. Raises BadDocument."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = inflater.decompress(data, MAX_XML_BYTES)
    except zlib.error:
        raise BadDocument("it is not compressed as redirects do") from None
    if inflater.unconsumed_tail:
        raise BadDocument("it is too large")
    return found


def parsed(data: bytes) -> Any:
    """The root element, without comments. Raises BadDocument."""
    if len(data) > MAX_XML_BYTES:
        raise BadDocument("it is too large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadDocument("it is no well-formed XML") from None
    if root.getroottree().docinfo.doctype:
        raise BadDocument("it has a document type")
    return root


def found(element: Any, path: str) -> list[Any]:
    """The elements, attributes or texts of an XPath of ours."""
    result = element.xpath(path, namespaces=NAMESPACES)
    return list(result) if isinstance(result, list) else [result]


def text_of(element: Any) -> str:
    """The whole text of an element."""
    return "".join(element.itertext()).strip()
