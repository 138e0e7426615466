"""`/api/customers`: Stripe's customers, whose each is and by what; and giving one to a client by hand."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from services.api.answers import answer, figures, nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.cursors import Listing, Position
from services.api.database import Connection
from services.api.directory_entry import Entry
from services.api.freshness import freshness
from services.api.handlers.directory import ChangeQuery, publish
from services.api.mapping_preview import Question, preview_override
from services.api.money import by_currency
from services.api.parameters import Body, Query
from services.api.problems import Refused, not_found
from services.api.queries import customers, directory, projects
from services.api.queries.customers import CustomerFilter, CustomerFound
from services.api.sharing import shared

ClientName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class CustomersQuery(Query, frozen=True, kw_only=True):
    """`mapped`: belongs to a client that is not just itself. `conflicts`: several clients claim it equally strongly."""

    mapped: bool | None = None
    client: ClientName | None = None
    conflicts: bool | None = None
    sort: Literal["mrr", "-mrr"] = "-mrr"
    mode: Literal["live", "test"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class OverrideBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The client to give the customer to. `preview` changes nothing and tells what would move."""

    client: ClientName
    preview: bool = False


@shared
async def customers_page(asked: Asked) -> web.Response:
    """A page of customers, by MRR; deleted ones too."""
    query = asked.query(CustomersQuery)
    async with asked.database.reading(asked.project) as connection:
        livemode = await projects.livemode(connection, asked.project, query.mode)
        mode: Literal["live", "test"] = "live" if livemode else "test"
        listing = Listing(asked.project, "customers", msgspec.structs.replace(query, mode=mode, cursor=None, limit=1))
        after = asked.parts.cursors.position(listing, query.cursor)
        wanted = CustomerFilter(livemode, query.mapped, query.client, query.conflicts, query.sort)
        found = await customers.page(connection, asked.project, wanted, after, query.limit + 1)
        fresh = await freshness(connection)
    shown = found[: query.limit]
    more = None
    if len(found) > query.limit:
        more = asked.parts.cursors.after(listing, Position(shown[-1].mrr_order, shown[-1].customer))
    content = {"data": [customer_content(each) for each in shown], "next_cursor": more, "livemode": livemode}
    return figures(asked.request, content, fresh)


@shared
async def customer_client(asked: Asked) -> web.Response:
    """Whose the customer is, and by what. Raises Refused (404)."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await _known(connection, asked)
        by_hand = await directory.claimed_by_others(connection, asked.project, [found.customer], [])
        fresh = await freshness(connection)
    content = customer_content(found) | {"assigned_to": by_hand.get(found.customer)}
    return figures(asked.request, content, fresh)


async def assign_customer(asked: Asked) -> web.Response:
    """Give the customer to a client by hand, from whomever has it. Raises Refused: 404, and 503 with Kafka away."""
    query = asked.query(ChangeQuery)
    body = await asked.body(OverrideBody)
    return await _assign(asked, body.client, preview=query.preview or body.preview)


async def unassign_customer(asked: Asked) -> web.Response:
    """Take back that the customer was given to a client by hand. Raises Refused as `assign_customer`."""
    return await _assign(asked, None, preview=asked.query(ChangeQuery).preview)


async def _assign(asked: Asked, client: str | None, *, preview: bool) -> web.Response:
    if preview:
        async with asked.database.reading(asked.project) as connection:
            found = await _known(connection, asked)
            changed = await _changed(connection, asked, client)
            options = (await projects.settings(connection, asked.project)).mapping
            return answer(await preview_override(Question(connection, asked.project, options), found, changed))
    async with asked.database.writing(asked.project) as connection:
        await directory.lock(connection, asked.project)
        found = await _known(connection, asked)
        changed = await _changed(connection, asked, client)
        if changed:
            await directory.store(connection, asked.project, sorted(changed, key=lambda each: each.client))
            told = entry(asked, Action.MAPPING_OVERRIDDEN, found.customer, before=found.client, assigned_to=client)
            await audit(connection, told)
    await publish(asked, [each.client for each in changed])
    if client is None:
        return nothing()
    return answer({"customer": found.customer, "client": client, "matched_by": "manual", "before": found.client})


async def _known(connection: Connection, asked: Asked) -> CustomerFound:
    wanted = asked.path("customer")
    found = await customers.one(connection, asked.project, wanted)
    if found is None:
        raise Refused(not_found(f"customer {wanted}"))
    return found


async def _changed(connection: Connection, asked: Asked, client: str | None) -> Sequence[Entry]:
    """The directory entries that giving the customer to the client changes. Raises Refused (404)."""
    customer = asked.path("customer")
    changed = await directory.assigned(connection, asked.project, customer, client)
    if changed is None:
        raise Refused(not_found(f"client {client} in the directory"))
    if client is None and not changed:
        raise Refused(not_found(f"client that customer {customer} was given to by hand"))
    return changed


def customer_content(found: CustomerFound) -> dict[str, object]:
    """A customer as lists show it. The e-mail itself is Stripe's to show; its domain tells who may claim it."""
    return {
        "customer": found.customer,
        "client": found.client,
        "client_name": found.client_name,
        "mapped": found.mapped,
        "matched_by": found.matched_by,
        "conflicts": found.conflicts,
        "deleted": found.deleted,
        "email_domain": found.email_domain,
        "mrr": by_currency(found.exact),
        "active_subscriptions": found.active_subscriptions,
        "livemode": found.livemode,
    }
