"""`/api/webhook-endpoints`: where changes are sent, and what became of each delivery."""

import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.database import Connection
from services.api.deliveries.bodies import test_body
from services.api.deliveries.digest import DigestTimes
from services.api.deliveries.egress import UrlNotAllowed
from services.api.deliveries.results import endpoint_place
from services.api.deliveries.signing import new_secret
from services.api.deliveries.spreading import new_delivery_id
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Problem, Refused, conflict, not_found
from services.api.queries import deliveries, endpoints
from services.api.queries.deliveries import NewDelivery
from services.api.queries.endpoints import MOST_ENDPOINTS, EndpointFound, NewEndpoint, Terms

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Severity = Literal["low", "medium", "high", "critical"]
Rules = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...], msgspec.Meta(max_length=50)]


class EndpointBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rules` empty: all of them. `digest` null: none."""

    url: Url
    type: Literal["standard", "slack"] = "standard"
    description: Text = ""
    rules: Rules = ()
    min_severity: Severity = "low"
    mode: Literal["live", "test"] = "live"
    digest: DigestTimes | None = None


class EndpointChangeBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    rules: Rules | msgspec.UnsetType = msgspec.UNSET
    min_severity: Severity | msgspec.UnsetType = msgspec.UNSET
    digest: DigestTimes | msgspec.UnsetType | None = msgspec.UNSET
    state: Literal["enabled", "disabled"] | msgspec.UnsetType = msgspec.UNSET


async def endpoint_list(asked: Asked) -> web.Response:
    """All endpoints of the project, without their secrets."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await endpoints.endpoints(connection, asked.project)
    return answer({"data": [content(each) for each in found], "next_cursor": None})


async def show_endpoint(asked: Asked) -> web.Response:
    """One endpoint."""
    async with asked.database.reading(asked.project) as connection:
        return answer(content(await existing(asked, connection)))


async def add_endpoint(asked: Asked) -> web.Response:
    """A new endpoint; the secret is in this answer only. Raises Refused (422) for an address not allowed."""
    body = await asked.body(EndpointBody)
    await _allowed(asked, body.url)
    place, secret = f"we_{secrets.token_hex(8)}", new_secret()
    seal = asked.parts.keyring.encrypt
    new = NewEndpoint(
        id=place,
        kind=body.type,
        livemode=body.mode == "live",
        shown_url=shown(body.url, body.type),
        url=seal(body.url.encode(), endpoint_place(asked.project, place, "url")),
        secret=seal(secret.encode(), endpoint_place(asked.project, place, "secret")),
        terms=Terms(body.description, list(body.rules), body.min_severity, _plain(body.digest)),
        created_at=datetime.now(UTC),
    )
    async with asked.database.writing(asked.project) as connection:
        if not await endpoints.add(connection, asked.project, new):
            hint = "Delete one that is not needed."
            raise Refused(conflict("too_many_endpoints", f"A project has at most {MOST_ENDPOINTS} endpoints.", hint))
        found = await endpoints.endpoint(connection, asked.project, place)
    assert found is not None
    shown_once = {"secret": secret} if body.type == "standard" else {}
    return answer(content(found) | shown_once, HTTPStatus.CREATED)


async def change_endpoint(asked: Asked) -> web.Response:
    """Change what is named. Enabled again, an endpoint is told what happens from then on."""
    body = await asked.body(EndpointChangeBody)
    if body.url is not msgspec.UNSET:
        await _allowed(asked, body.url)
    async with asked.database.writing(asked.project) as connection:
        held = await existing(asked, connection)
        await endpoints.change(connection, asked.project, held.id, merged(held, body))
        if body.url is not msgspec.UNSET:
            url = asked.parts.keyring.encrypt(body.url.encode(), endpoint_place(asked.project, held.id, "url"))
            await endpoints.move(connection, asked.project, held.id, shown(body.url, held.kind), url)
        if body.state == "enabled":
            await endpoints.enable(connection, asked.project, held.id)
        elif body.state == "disabled":
            await endpoints.disable(connection, asked.project, held.id, "by request", datetime.now(UTC))
        return answer(content(await existing(asked, connection)))


async def delete_endpoint(asked: Asked) -> web.Response:
    """Send nothing there any more."""
    endpoint = asked.path("endpoint")
    async with asked.database.writing(asked.project) as connection:
        if not await endpoints.delete(connection, asked.project, endpoint, datetime.now(UTC)):
            raise Refused(not_found(f"webhook endpoint {endpoint}"))
    return nothing()


async def rotate_secret(asked: Asked) -> web.Response:
    """A new secret, shown once; for a day deliveries are signed with the old one too."""
    secret = new_secret()
    async with asked.database.writing(asked.project) as connection:
        held = await existing(asked, connection)
        place = endpoint_place(asked.project, held.id, "secret")
        sealed = asked.parts.keyring.encrypt(secret.encode(), place)
        until = await endpoints.rotate(connection, asked.project, held.id, sealed, datetime.now(UTC))
    return answer({"secret": secret, "old_secret_until": until}, HTTPStatus.CREATED)


async def send_test(asked: Asked) -> web.Response:
    """Send a test message now; what came of it is in the log."""
    now, new_id = datetime.now(UTC), new_delivery_id()
    message_id = f"test:{new_id}"
    async with asked.database.writing(asked.project) as connection:
        held = await existing(asked, connection)
        require_enabled(held)
        body = test_body(held.kind, message_id, now)
        await deliveries.add(connection, asked.project, NewDelivery(new_id, held.id, message_id, "test", body, now))
    return answer({"delivery": new_id}, HTTPStatus.ACCEPTED)


async def existing(asked: Asked, connection: Connection) -> EndpointFound:
    """The endpoint of the path. Raises Refused (404)."""
    endpoint = asked.path("endpoint")
    found = await endpoints.endpoint(connection, asked.project, endpoint)
    if found is None:
        raise Refused(not_found(f"webhook endpoint {endpoint}"))
    return found


def content(found: EndpointFound) -> dict[str, object]:
    """An endpoint as answers show it."""
    return {
        "id": found.id,
        "type": found.kind,
        "url": found.shown_url,
        "description": found.description,
        "rules": found.rules,
        "min_severity": found.min_severity,
        "mode": "live" if found.livemode else "test",
        "digest": found.digest,
        "state": found.state,
        "disabled_reason": found.disabled_reason,
        "failing_since": found.failing_since,
        "last_success_at": found.last_success_at,
        "old_secret_until": found.old_secret_until,
        "created_at": found.created_at,
    }


def merged(held: EndpointFound, body: EndpointChangeBody) -> Terms:
    """The terms with the change in them."""
    return Terms(
        held.description if body.description is msgspec.UNSET else body.description,
        held.rules if body.rules is msgspec.UNSET else list(body.rules),
        held.min_severity if body.min_severity is msgspec.UNSET else body.min_severity,
        held.digest if body.digest is msgspec.UNSET else _plain(body.digest),
    )


def shown(url: str, kind: str) -> str:
    """The address as lists show it. Slack's addresses are passwords: only the host is shown."""
    return f"https://{urlsplit(url).hostname}/…" if kind == "slack" else url


def require_enabled(held: EndpointFound) -> None:
    """Raises Refused (409) for one that is disabled."""
    if held.state != "enabled":
        detail = f"Webhook endpoint {held.id} is disabled: {held.disabled_reason}."
        raise Refused(conflict("endpoint_disabled", detail, 'Enable it first: PATCH with {"state": "enabled"}.'))


async def _allowed(asked: Asked, url: str) -> None:
    try:
        await asked.parts.egress.require(url)
    except UrlNotAllowed as error:
        raise Refused(
            Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "url_not_allowed",
                f"Nothing can be delivered to this url: {error}.",
                "Give an https address of the public internet.",
                (FieldError("url", str(error)),),
            )
        ) from error


def _plain(digest: DigestTimes | None) -> dict[str, object] | None:
    return None if digest is None else msgspec.to_builtins(digest)
