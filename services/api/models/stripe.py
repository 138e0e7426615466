"""Stripe accounts: connecting them, reading them, and how they stand."""

from typing import Annotated, Literal

from msgspec import Meta

from services.api.models.answer import Answer, AnyJson, Cursor, Instant, Rate

RunMode = Literal["initial", "recent", "full", "reconcile"]
RunState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]


class Permission(Answer, frozen=True):
    """Whether a list of Stripe's may be read, and what it is needed for."""

    resource: str
    read: bool
    needed_for: str


class RunResource(Answer, frozen=True):
    """How far one list has come."""

    name: str
    state: str
    rows: int
    pages: int
    last_error: dict[str, AnyJson] | None


class Run(Answer, frozen=True):
    """A sync. `eta_seconds` is an estimate while it runs."""

    id: str
    mode: RunMode
    connection: str
    state: RunState
    requested_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    resources: list[RunResource]
    error: dict[str, AnyJson] | None
    eta_seconds: int | None


class RunAnswer(Answer, frozen=True):
    """A sync."""

    run: Run


class Runs(Answer, frozen=True):
    """A page of syncs."""

    data: list[Run]
    next_cursor: Cursor | None


class ConnectionMade(Answer, frozen=True):
    """A connected account."""

    id: str
    account: str
    livemode: bool
    name: str | None
    state: str
    connected_at: Instant


class Connected(Answer, frozen=True):
    """The connection, what will work, and the first sync."""

    connection: ConnectionMade
    permissions: list[Permission]
    run: Run


class OAuthStart(Answer, frozen=True):
    """Where to send the account's owner; the address works once until `expires_at`."""

    url: str
    expires_at: Instant
    redirect_uri: str
    scope: str
    livemode: bool


class LastRun(Answer, frozen=True):
    """The last sync that was asked for."""

    id: str
    mode: RunMode
    state: RunState
    requested_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


class ConnectionFault(Answer, frozen=True):
    """The first thing that is wrong: what, what it concerns, what to do, and when all was well."""

    code: str
    message: str
    hint: str
    resource: str | None
    stripe_request_id: str | None
    last_ok: Instant | None


class Deauthorization(Answer, frozen=True):
    """Whether Stripe was told that access has ended."""

    asked_at: Instant
    done_at: Instant | None
    tries: int
    last_error: AnyJson


class StatusResource(Answer, frozen=True):
    """A list as the last sync left it; `lag_seconds` since it was last read in full."""

    name: str
    state: str
    rows: int
    lag_seconds: float | None
    last_error: dict[str, AnyJson] | None


class WebhookStanding(Answer, frozen=True):
    """Whether Stripe's webhooks come."""

    state: Literal["healthy", "silent", "failing", "unset"]
    last_event_at: Instant | None
    events_24h: int
    skew_seconds: float | None
    refused_at: Instant | None


class ConnectionStanding(Answer, frozen=True):
    """A connection, its syncs and its webhooks."""

    id: str
    account: str
    name: str | None
    livemode: bool
    state: Literal["active", "error", "revoked", "disconnected"]
    method: Literal["key", "oauth"]
    scope: str | None
    connected_at: Instant
    disconnected_at: Instant | None
    last_successful_sync: Instant | None
    polled_until: Instant | None
    last_sync: LastRun | None
    next_sync: Instant | None
    error: ConnectionFault | None
    deauthorization: Deauthorization | None
    permissions: list[Permission]
    resources: list[StatusResource]
    webhook: WebhookStanding


class MappingCoverage(Answer, frozen=True):
    """How many customers belong to a client that is not just themselves, and their share of MRR."""

    customers: int
    mapped: int
    mrr_coverage: Rate | None
    livemode: bool


class Drift(Answer, frozen=True):
    """The last comparison with Stripe: how much differed, and how much of it was put right."""

    checked_at: Instant | None
    found: int | None
    fixed: int | None


class Status(Answer, frozen=True):
    """How each connection stands. `webhook_url` is what to enter at Stripe."""

    connections: list[ConnectionStanding]
    mapping: MappingCoverage
    drift: Drift
    webhook_url: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
