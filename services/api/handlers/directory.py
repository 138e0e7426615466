"""`PUT` and `DELETE /api/clients/{id}`: the directory. Stored, then published before the answer."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from libs.runtime.kafka import KafkaUnavailable
from services.api import preconditions
from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.client_content import client_answer
from services.api.database import Connection
from services.api.directory_entry import Checked, Entry, EntryBody, checked
from services.api.mapping_preview import Question, preview_entry
from services.api.parameters import Query
from services.api.problems import Problem, Refused, bad_body, not_found, not_now
from services.api.queries import directory, projects

MOST_ENTRY_BYTES = 1024 * 1024
MOST_TOLD = 10


class ChangeQuery(Query, frozen=True, kw_only=True):
    """`preview` changes nothing and tells what would move."""

    preview: bool = False


async def put_client(asked: Asked) -> web.Response:
    """Store a client in the directory, whole. Raises Refused: 400 naming what is wrong, 409 for a customer that
    another client has by hand, 412, and 503 with Kafka away: stored then, and published when it is back."""
    query = asked.query(ChangeQuery)
    wanted = _wanted(checked(asked.written("client"), await asked.body(EntryBody, MOST_ENTRY_BYTES)))
    if query.preview:
        return await _previewed(asked, wanted)
    async with asked.database.writing(asked.project) as connection:
        await directory.lock(connection, asked.project)
        held = await directory.one(connection, asked.project, wanted.client)
        if held is None or held.entry != wanted:  # what is as wanted already was changed by this very request, before
            preconditions.require(asked.request, 0 if held is None else held.version)
        await _refuse_claimed(connection, asked.project, wanted)
        if await directory.store(connection, asked.project, [wanted]):
            await audit(connection, entry(asked, Action.DIRECTORY_CHANGED, wanted.client))
    await publish(asked, [wanted.client])
    return await client_answer(asked, wanted.client, HTTPStatus.CREATED if held is None else HTTPStatus.OK)


async def delete_client(asked: Asked) -> web.Response:
    """Take a client out of the directory: its customers go to whom else they match. Raises Refused as `put_client`."""
    asked.query(Query)
    client = asked.path("client")
    async with asked.database.writing(asked.project) as connection:
        await directory.lock(connection, asked.project)
        held = await directory.one(connection, asked.project, client)
        if held is None:
            raise Refused(not_found(f"client {client} in the directory"))
        preconditions.require(asked.request, held.version)
        await directory.delete(connection, asked.project, client)
        await audit(connection, entry(asked, Action.DIRECTORY_CHANGED, client, deleted=True))
    await publish(asked, [client])
    return nothing()


def already_assigned(claimed: Mapping[str, str]) -> Problem:
    """Customers that other clients have by hand, each with its client."""
    told = ", ".join(f"{customer} (client {client})" for customer, client in sorted(claimed.items())[:MOST_TOLD])
    return Problem(
        HTTPStatus.CONFLICT,
        "customer_already_assigned",
        f"Assigned to another client by hand: {told}.",
        "Take the customer out of that client's stripe_customers first, or move it by PUT /api/customers/{id}/client.",
        more={"claimed": [{"customer": customer, "client": client} for customer, client in sorted(claimed.items())]},
    )


async def publish(asked: Asked, clients: list[str]) -> None:
    """Tell the streams of these clients. Raises Refused (503) with Kafka away."""
    try:
        await asked.directory.publish(asked.project, clients)
    except KafkaUnavailable as error:
        raise Refused(not_now("Kafka (the change is stored and will be published when it is back)")) from error


def _wanted(found: Checked) -> Entry:
    if found.errors:
        raise Refused(bad_body(found.errors))
    return found.entry


async def _refuse_claimed(connection: Connection, project: str, wanted: Entry) -> None:
    claimed = await directory.claimed_by_others(connection, project, wanted.stripe_customers, [wanted.client])
    if claimed:
        raise Refused(already_assigned(claimed))


async def _previewed(asked: Asked, wanted: Entry) -> web.Response:
    async with asked.database.reading(asked.project) as connection:
        await _refuse_claimed(connection, asked.project, wanted)
        options = (await projects.settings(connection, asked.project)).mapping
        return answer(await preview_entry(Question(connection, asked.project, options), wanted))
