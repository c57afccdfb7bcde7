"""Whose a live stream is, and how long it may last."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from libs.shared.contracts.context import Credential, Identity, Viewer
from services.gateway.identity.tokens import Tokens

MAX_KEY_STREAM_S = 900.0
"""How long a stream that was opened with an API key may last."""


@dataclass(frozen=True, slots=True)
class Session:
    """A caller and the verified credential; the token itself is not kept."""

    identity: Identity
    proof: Credential

    @property
    def expires(self) -> float:
        """When the stream has to end, in Unix seconds."""
        return self.proof.expires

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        proof = self.proof
        parts = [proof.id, *proof.user, proof.version, proof.expires, proof.generation]
        parts += [asdict(proof.viewer)] if proof.viewer else []
        return {"who": self.identity.packed(), "proof": parts}

    @classmethod
    def unpacked(cls, document: dict[str, Any]) -> Session:
        """The session that `packed` took apart."""
        session, scope, user, version, expires, generation, *viewer = document["proof"]
        looking = Viewer(**viewer[0]) if viewer else None
        proof = Credential(session, (scope, user), version, expires, generation, viewer=looking)
        return cls(replace(Identity.unpacked(*document["who"]), credential=proof), proof)

    def good(self, tokens: Tokens) -> bool:
        """Whether the token would be let in still."""
        return tokens.holds(self.identity)


def session_of(identity: Identity, now: float) -> Session:
    """The session of an authenticated caller."""
    proof = identity.credential
    assert proof is not None, "authentication sets the credential"
    if identity.via == "api_key":
        # A key is looked up again more often than a stream must end; its expiry also ends the stream.
        proof = replace(proof, expires=min(now + MAX_KEY_STREAM_S, proof.ends))
    return Session(replace(identity, credential=proof), proof)
