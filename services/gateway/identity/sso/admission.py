"""Whether an external identity may become a user, and how. Pure."""

from __future__ import annotations

from enum import Enum

from libs.shared.contracts.auth_providers import AuthProviderBody
from libs.shared.contracts.bodies import EMAIL
from libs.shared.emails import MAX_EMAIL_CHARACTERS, same_address
from libs.shared.errors import RocketError
from services.gateway.identity.sso.external import ExternalIdentity


class Entry(Enum):
    """How somebody becomes a user here."""

    KNOWN = "known"
    LINKED = "linked"
    CREATED = "created"


def decide(provider: AuthProviderBody, identity: ExternalIdentity, known: bool | None, there: bool | None) -> Entry:
    """How an identity enters. `known`: whether the user who it was before is active; `there`: whether the account of
    its address is; None where there is none. Raises USER_NOT_PROVISIONED."""
    domains = provider.allowed_domains
    if domains and address_of(identity).rpartition("@")[2] not in domains:
        raise not_provisioned("the address is of none of the domains that are allowed")
    if known is not None:
        if not known:
            raise not_provisioned("the account is not active")
        return Entry.KNOWN
    if there is not None:
        if provider.link != "verified_email" or not identity.email_verified or not there:
            raise not_provisioned("there is an account with this address, which this provider may not open")
        return Entry.LINKED
    if not provider.jit.enabled:
        raise not_provisioned("nobody has made an account for them")
    if not address_of(identity) or not identity.email_verified:
        raise not_provisioned("the provider sends no verified address, and is not trusted with others (trust_email)")
    return Entry.CREATED


def address_of(identity: ExternalIdentity) -> str:
    """The address in the form in which addresses are compared; empty for what is none."""
    text = identity.email or ""
    address = same_address(text) if len(text) <= MAX_EMAIL_CHARACTERS else ""
    return address if EMAIL.fullmatch(address) else ""


def not_provisioned(why: str) -> RocketError:
    """Who has proved who they are, and is not let in."""
    return RocketError("USER_NOT_PROVISIONED", f"This login has no account here: {why}")
