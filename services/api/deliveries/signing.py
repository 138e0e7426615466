"""Secrets and signatures of Standard Webhooks, by its own package."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32
USER_AGENT = "revstream-webhooks/1"


def new_secret() -> str:
    """A signing secret as receivers' libraries take it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def signed_headers(message_id: str, at: datetime, body: bytes, live_secrets: Sequence[str]) -> Mapping[str, str]:
    """The headers of one attempt. While a secret is being replaced the body is signed with both."""
    text = body.decode()
    signatures = [Webhook(secret).sign(message_id, at.astimezone(UTC), text) for secret in live_secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
