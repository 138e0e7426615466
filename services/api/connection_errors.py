"""What is wrong with a connection: the first thing that matters, what it concerns, and what to do next.

Each error has a code, a message and a hint, the resource, Stripe's request id, and the last time when all was well.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from services.api.queries.edge_health import Webhooks
from services.api.queries.status import Fields, Standing

DAY = timedelta(hours=24)
Told = Mapping[str, object]


def _edge(code: str, message: str, hint: str) -> Told:
    return {"code": code, "message": message, "hint": hint, "resource": "webhooks"}


WEBHOOK_SILENT = _edge(
    "webhook_silent",
    "Polling finds events that no webhook brought: the endpoint is missing at Stripe, switched off, or elsewhere.",
    "In Stripe's dashboard, under Developers, Webhooks, check the endpoint's address and events.",
)
WEBHOOK_FAILING = _edge(
    "webhook_failing",
    "Webhooks come, but none of the project's signing secrets has signed them.",
    "Copy the endpoint's signing secret (whsec_…) from Stripe's dashboard and add it to the project's webhook secrets."
    " Behind a proxy: pass bodies on unchanged.",
)
WEBHOOK_WRONG_MODE = _edge(
    "webhook_wrong_mode",
    "Webhooks come in the other mode (live or test) than the account is connected in.",
    "Make the endpoint in the mode of this connection, or connect the account in the other mode too.",
)
SECRET_UNREADABLE = _edge(
    "webhook_secret_unreadable",
    "A stored signing secret can't be decrypted.",
    "Put the encryption key back into REVSTREAM_ENCRYPTION_KEYS, or revoke the secret and set it again.",
)
SYNC_PARTIAL: Told = {
    "code": "sync_partial",
    "message": "The last sync has not read everything.",
    "hint": "See its resources for what is missing, then run it again: POST /api/integrations/stripe/sync.",
}
SYNC_FAILED: Told = {
    "code": "sync_failed",
    "message": "The last sync has failed.",
    "hint": "Run it again: POST /api/integrations/stripe/sync.",
}


def error_of(found: Standing, now: datetime) -> dict[str, object] | None:
    """The first thing that is wrong: access itself, the last run, one of its resources, polling, webhooks.

    A resource that is tried again is told too: while it fails, the connection is not well.
    """
    connection = found.connection
    if connection["state"] == "disconnected":
        return None
    first = next(_errors(found, now), None)
    if first is None:
        return None
    always = {"resource": None, "stripe_request_id": None, "last_ok": connection["last_successful_sync"]}
    return {**always, **first}


def webhook_state(webhooks: Webhooks, now: datetime) -> str:
    """`unset`: no secret; `failing`: signatures are refused since the last good one, or no secret can be read;
    `silent`: polling brought a newer event, or none came for a day; else `healthy`."""
    held = webhooks.secrets
    if held.since is None:
        return "unset"
    if held.unreadable == held.held or _is_refused(webhooks, now):
        return "failing"
    last = webhooks.last_event_at
    if _is_silent(webhooks):
        return "silent"
    return "healthy" if last is not None and now - last < DAY else "silent"


def _errors(found: Standing, now: datetime) -> Iterator[Told]:
    connection, run = found.connection, found.run
    if isinstance(connection["error"], dict):
        yield connection["error"]
    if run is not None and isinstance(run["error"], dict):
        yield run["error"]
    for resource in found.resources:
        error = resource["last_error"]
        if isinstance(error, dict) and resource["state"] != "succeeded":
            yield _of_resource(error, resource)
    yield from _of_run(run)
    polling = connection["poll_error"]
    if isinstance(polling, dict):
        yield {**polling, "resource": "events"}
    yield from _of_webhooks(found.webhooks, now)


def _of_resource(error: Told, resource: Fields) -> Told:
    name = str(resource["name"])
    message = str(error["message"])
    return {**error, "message": message if name in message else f"{name}: {message}", "resource": name}


def _of_run(run: Fields | None) -> Iterator[Told]:
    """A run that is no success says so, even where nothing says why."""
    if run is not None and run["state"] == "partial":
        yield SYNC_PARTIAL
    if run is not None and run["state"] == "failed":
        yield SYNC_FAILED


def _of_webhooks(webhooks: Webhooks, now: datetime) -> Iterator[Told]:
    if webhooks.secrets.unreadable:
        yield SECRET_UNREADABLE
    if webhooks.secrets.since is None:
        return
    if _is_refused(webhooks, now):
        yield WEBHOOK_FAILING
    if _is_in_wrong_mode(webhooks, now):
        yield WEBHOOK_WRONG_MODE
    if _is_silent(webhooks):
        yield WEBHOOK_SILENT


def _is_refused(webhooks: Webhooks, now: datetime) -> bool:
    refused, accepted = webhooks.refused_at, webhooks.accepted_at
    return refused is not None and now - refused < DAY and (accepted is None or refused > accepted)


def _is_in_wrong_mode(webhooks: Webhooks, now: datetime) -> bool:
    """Connect endpoints of live mode bring test events too: they are wrong only where no others come."""
    wrong, accepted = webhooks.wrong_mode_at, webhooks.accepted_at
    return wrong is not None and now - wrong < DAY and (accepted is None or now - accepted > DAY)


def _is_silent(webhooks: Webhooks) -> bool:
    last, polled = webhooks.last_event_at, webhooks.polled_at
    return polled is not None and (last is None or polled > last)
