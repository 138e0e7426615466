"""The `Stripe-Signature` header."""

import hashlib
import hmac
from collections.abc import Sequence


def sign(body: bytes, secrets: Sequence[str], timestamp: int) -> str:
    """Sign a raw body: HMAC-SHA256 of `timestamp.body`, one `v1` for each live secret."""
    signed = str(timestamp).encode() + b"." + body
    digests = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])
