"""Pages of lists: newest first, by cursor, never a hint of how many there are."""

from collections.abc import Iterable
from itertools import islice

from libs.fake_stripe.calendar import DAY
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.problems import missing, unknown_parameter
from libs.fake_stripe.rest.query import Query, within
from libs.fake_stripe.rest.resources import Resource
from libs.fake_stripe.store import NotFound
from libs.fake_stripe.world import World

# The events feed forgets after this long.
EVENT_DAYS = 30
_ALWAYS = frozenset({"limit", "starting_after", "ending_before", "expand"})


def list_page(world: World, resource: Resource, query: Query) -> Json:
    """Give one page of a resource; raises StripeProblem for what Stripe refuses."""
    _refuse_unknown(query, resource)
    limit = query.limit
    try:
        if cursor := query.plain.get("ending_before"):
            newer = _matching(world, resource, query, world.store.oldest_first(resource.kind, cursor))
            page = list(islice(newer, limit + 1))
            return _listed(list(reversed(page[:limit])), len(page) > limit, f"/v1/{resource.path}")
        cursor = query.plain.get("starting_after")
        older = _matching(world, resource, query, world.store.newest_first(resource.kind, cursor))
        page = list(islice(older, limit + 1))
    except NotFound as unknown:
        param = "ending_before" if "ending_before" in query.plain else "starting_after"
        raise missing(unknown.kind, unknown.object_id, param) from None
    return _listed(page[:limit], len(page) > limit, f"/v1/{resource.path}")


def entries_page(entries: list[Json], query: Query, url: str) -> Json:
    """Give one page of a list inside an object (items, lines), in its own order."""
    places = {each["id"]: place for place, each in enumerate(entries)}
    start, end = 0, len(entries)
    if cursor := query.plain.get("starting_after"):
        start = _place(places, cursor, "starting_after") + 1
    if cursor := query.plain.get("ending_before"):
        end = _place(places, cursor, "ending_before")
        start = max(0, end - query.limit)
        return _listed(entries[start:end], start > 0, url)
    return _listed(entries[start : start + query.limit], end - start > query.limit, url)


def _place(places: dict[str, int], cursor: str, param: str) -> int:
    if cursor not in places:
        raise missing("object", cursor, param)
    return places[cursor]


def _matching(world: World, resource: Resource, query: Query, objects: Iterable[Json]) -> Iterable[Json]:
    hides_ended = resource.kind == "subscription" and "status" not in query.plain
    oldest = world.now - EVENT_DAYS * DAY if resource.kind == "event" else None
    for each in objects:
        if hides_ended and each["status"] == "canceled":
            continue
        if oldest is not None and each["created"] < oldest:
            continue
        if _fits(each, resource, query):
            yield each


def _fits(each: Json, resource: Resource, query: Query) -> bool:
    return (
        all(test(each, query.plain[name]) for name, test in resource.filters.items() if name in query.plain)
        and all(within(each[name], bounds) for name, bounds in query.ranges.items())
        and all(each[name] == int(query.plain[name]) for name in resource.times if name in query.plain)
        and all(each[field] in query.arrays[name] for name, field in resource.any_of.items() if name in query.arrays)
    )


def _refuse_unknown(query: Query, resource: Resource) -> None:
    known = {*_ALWAYS, *resource.filters, *resource.any_of, *resource.times}
    if unknown := sorted(query.names() - known):
        raise unknown_parameter(unknown[0])


def _listed(data: list[Json], has_more: bool, url: str) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
