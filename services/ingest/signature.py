"""Stripe's webhook signature: `Stripe-Signature: t=seconds,v1=hex[,v1=hex]`, HMAC-SHA256 of `t.body`.

Any bytes whatever in the header give an answer, never an error. Sources: docs.stripe.com/webhooks; the window
holds on both sides, unlike in Stripe's own library, so that a leaked signature can't be made to last for years.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE_SECONDS = 300
MOST_DIGITS = 12
# Stands in where a project is unknown or has no secret, so that the answer takes as long.
NOBODYS_SECRET = b"whsec_nobody"


@dataclass(frozen=True, slots=True)
class SignedAt:
    """What a signature header claims: the second as it was written, and each v1 signature."""

    stamp: str
    signatures: tuple[bytes, ...]


def signed_at(header: str, body: bytes, secrets: Sequence[bytes], now: float) -> int | None:
    """The second at which `body` was signed; None unless a v1 signature in `header` was made over it with one of
    `secrets`, within 300 s of `now`.

    All secrets are tried against all signatures whatever the result, and one is made up where there is none, so that
    the time tells nothing.
    """
    claim = parsed(header)
    stamp, signatures = (claim.stamp, claim.signatures) if claim else ("0", ())
    signed = f"{stamp}.".encode() + body
    matches = False
    for secret in secrets or (NOBODYS_SECRET,):
        expected = hmac.digest(secret, signed, "sha256").hex().encode()
        for signature in signatures:
            matches |= hmac.compare_digest(expected, signature)
    second = int(stamp)
    return second if matches and secrets and abs(now - second) <= TOLERANCE_SECONDS else None


def parsed(header: str) -> SignedAt | None:
    """The claim in a header, or None: no or several `t`, a `t` that is no whole number. Other schemes are ignored."""
    stamp: str | None = None
    signatures: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "v1":
            # A header may hold any bytes: what is no ASCII becomes something that matches nothing.
            signatures.append(value.encode(errors="replace"))
        elif name == "t":
            if stamp is not None:
                return None
            stamp = value
    if stamp is None or not _is_whole(stamp):
        return None
    return SignedAt(stamp, tuple(signatures))


def _is_whole(text: str) -> bool:
    """Stricter than int(), which takes spaces, underscores, signs and digits of all scripts."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
