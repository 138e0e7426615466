"""The OpenAPI document, put together from the routes."""

from collections.abc import Iterable, Mapping

from services.api.openapi.examples import EXAMPLES
from services.api.openapi.operations import Operation, described, refusal_answers, refusals
from services.api.openapi.schemas import Json, components
from services.api.openapi.unkeyed import OF_WEBHOOK, UNKEYED, WEBHOOK_PATH, webhook_operation
from services.api.routes import ROUTES

VERSION = "0.1.0"
ABOUT = """\
Stripe accounts as live, exact, per-client recurring revenue and churn-risk signals.

**Keys.** `Authorization: Bearer rsk_…` on everything under `/api`. A key belongs to one project and has scopes:
`read`, `sync`, `alerts`, and `admin`, which includes the others. `revstream keys create` makes the first one.

**Lists** take `limit` and `cursor`, and answer `{data, next_cursor}`. A cursor is good for the list that it came from,
under the same filters; null means that this was the last page.

**Amounts** are text in major units with their currency; `exact` is the same before any rounding, in minor units, as a
whole number or a fraction. Amounts of several currencies are told side by side and never added up. Rates are text with
six places, null where they are undefined. Times are ISO 8601 in UTC; days are days of the project's time zone.

**Freshness.** Answers with figures carry `as_of` and `freshness_seconds`, and an `ETag`: sent back as `If-None-Match`
it saves the same answer from being sent twice (304).

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`, a `hint`, the wrong fields in `errors`, and
a `request_id`, which every answer also has in `X-Request-Id`. Answers of status 429 and 503 say in `Retry-After` when
to try again. Fields may be added to answers; none is renamed or taken away.
"""
HEADERS: Mapping[str, tuple[str, Json]] = {
    "X-Request-Id": ("Finds the request in our log.", {"type": "string"}),
    "ETag": ("Of this very content; the age of figures alone does not change it.", {"type": "string"}),
    "EntryETag": ("Of the directory's entry, for `If-Match`; not with a preview.", {"type": "string"}),
    "Location": ("Where to go on.", {"type": "string"}),
    "Retry-After": ("Seconds to wait before trying again.", {"type": "string", "pattern": "^[0-9]+$"}),
    "WWW-Authenticate": ("How to say who you are.", {"type": "string"}),
}
TAGS = {
    "metrics": "What the business earns: of now, of a period, over time.",
    "mrr": "The ledger of MRR, and each figure taken apart.",
    "clients": "The accounts people manage: what each pays, how it stands, all that happened.",
    "customers": "Stripe's customers, and whose each is.",
    "segments": "Clients by size.",
    "subscriptions": "Subscriptions as they stand.",
    "renewals": "What renews next.",
    "trials": "Trials, and what became of them.",
    "cancellations": "Who canceled, and why.",
    "payments": "Payments that failed.",
    "cards": "Cards that expire.",
    "invoices": "Invoices of a period.",
    "fx-rates": "What currencies are worth in the base currency.",
    "alerts": "Signals of churn risk, live and in lists, and what people decide of them.",
    "alert-rules": "Thresholds on metrics.",
    "webhook-endpoints": "Where changes are sent, signed as Standard Webhooks says.",
    "stripe": "Connecting accounts, reading them, and what a project sets.",
    "keys": "Keys of the project.",
    "projects": "Projects.",
    "audit-log": "Who changed what.",
    "webhooks": "Stripe's own webhooks, taken by ingest.",
    "service": "Health, and the dashboard's session.",
}


def operations() -> tuple[Operation, ...]:
    """All operations of the API, keyed and not."""
    keyed = (
        Operation(each.method, each.path, each.scope, each.handler.__name__, each.handler.__doc__ or "", each.promise)
        for each in ROUTES
    )
    return *keyed, *UNKEYED


def document(public_url: str, webhook_base: str, closed: bool = False) -> Json:
    """The whole document, for a server that is reached at `public_url`, its webhooks at `webhook_base`. `closed`: its
    answers have no field beside those that are named."""
    every = operations()
    schemas, named = components(_models(every), closed)
    paths: dict[str, Json] = {}
    for each in every:
        example = EXAMPLES.get(each.example_name, {})
        paths.setdefault(each.shown_path, {})[each.method.lower()] = described(each, schemas, example)
    paths[WEBHOOK_PATH] = {"post": webhook_operation(webhook_base, refusals(OF_WEBHOOK))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "revstream", "version": VERSION, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": public_url}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "responses": dict(sorted(refusal_answers([*(each.codes for each in every), OF_WEBHOOK]).items())),
            "headers": {name: _header(name) for name in HEADERS},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "rsk_…"}},
        },
    }


def _models(every: Iterable[Operation]) -> list[object]:
    found: list[object] = []
    for each in every:
        found += [model for _, model in each.promise.answers if model is not None]
        found += [each.promise.body] if each.promise.body is not None else []
    return found


def _header(name: str) -> Json:
    text, schema = HEADERS[name]
    return {"description": text, "required": name != "EntryETag", "schema": schema}
