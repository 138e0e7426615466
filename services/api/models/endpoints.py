"""Webhook endpoints: where changes are sent, and what became of each delivery."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.api.deliveries.digest import DigestTimes
from services.api.models.answer import Answer, AnyJson, Cursor, Instant, Mode, Severity

Secret = Annotated[str, Meta(pattern="^whsec_", description="Signs the deliveries; shown in this answer only.")]


class Endpoint(Answer, frozen=True):
    """A webhook endpoint. `rules` empty: all of them."""

    id: str
    type: Literal["standard", "slack"]
    url: Annotated[str, Meta(description="Of Slack's addresses, which are passwords, only the host.")]
    description: str
    rules: list[str]
    min_severity: Severity
    mode: Mode
    digest: DigestTimes | None
    state: Literal["enabled", "disabled"]
    disabled_reason: str | None
    failing_since: Instant | None
    last_success_at: Instant | None
    old_secret_until: Instant | None
    created_at: Instant


class NewEndpoint(Endpoint, frozen=True):
    """A new endpoint. One of Slack's has no secret."""

    secret: Secret | UnsetType = UNSET


class Endpoints(Answer, frozen=True):
    """All endpoints of the project."""

    data: list[Endpoint]
    next_cursor: None


class NewSecret(Answer, frozen=True):
    """A new secret; until then deliveries are signed with the old one too."""

    secret: Secret
    old_secret_until: Instant | None


class Queued(Answer, frozen=True):
    """The id of a delivery on its way."""

    delivery: str


class Attempt(Answer, frozen=True):
    """One attempt to deliver: the answer's status and beginning, or the error."""

    number: int
    attempted_at: Instant
    milliseconds: int
    status: int | None
    answer: str | None
    error: str | None


class Delivery(Answer, frozen=True):
    """What was sent. `message_id` is the `webhook-id` that the receiver saw; `body` is what it got."""

    id: str
    message_id: str
    kind: str
    client: str | None
    state: Literal["pending", "delivered", "failed"]
    created_at: Instant
    next_attempt_at: Instant | None
    finished_at: Instant | None
    redelivery_of: str | None
    body: AnyJson
    attempts: list[Attempt]


class Deliveries(Answer, frozen=True):
    """A page of deliveries."""

    data: list[Delivery]
    next_cursor: Cursor | None
