"""`GET` and `PUT /api/fx-rates`: what currencies are worth in the base currency, each rate with its day and source."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from aiohttp import web

from libs.domain.policy import PolicyError, Rate
from libs.domain.policy.rate_table import rates_of
from libs.wire.contribution_codec import exact_text
from services.api.answers import answer
from services.api.asked import Asked, body_of
from services.api.audit import Action, audit, entry
from services.api.database import Connection
from services.api.ecb import UnreadableRates, in_base, read_csv, read_xml
from services.api.handlers.settings import publish
from services.api.parameters import Body, Query, read_body
from services.api.problems import FieldError, Refused, bad_body
from services.api.queries import currencies, projects, settings
from services.api.queries.projects import ProjectSettings

JSON, CSV, XML = "application/json", "text/csv", ("application/xml", "text/xml")
MOST_BYTES = 2 * 1024 * 1024
# The whole policy travels in one record.
MOST_RATES = 10_000


class RatesBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates as the policy takes them; those of the same currency and day are replaced, the others stay."""

    rates: list[dict[str, object]] | dict[str, object]
    replace: bool = False


async def fx_rates(asked: Asked) -> web.Response:
    """The rates that are held, and the currencies that have MRR but no rate."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        held = await projects.settings(connection, asked.project)
        used = await currencies.used(connection, asked.project)
    return answer(_content(held, used))


async def put_fx_rates(asked: Asked) -> web.Response:
    """Rates as JSON, or a file of the European Central Bank as CSV or XML: of a file the currencies that the project
    uses are kept. Raises Refused (400) naming what is wrong."""
    data = await body_of(asked.request, MOST_BYTES, (JSON, CSV, *XML))
    kind = asked.request.content_type
    body = read_body(RatesBody, data) if kind == JSON else None
    async with asked.database.writing(asked.project) as connection:
        await settings.lock(connection, asked.project)
        held = await projects.settings(connection, asked.project)
        used = await currencies.used(connection, asked.project)
        told = _rates("rates", body.rates) if body is not None else _of_file(kind, data, held, used)
        kept = () if body is not None and body.replace else held.policy().fx
        changed = await _stored(connection, asked.project, held, merged(kept, told))
        await audit(connection, entry(asked, Action.SETTINGS_CHANGED, asked.project, rates=len(told)))
    await publish(asked, changed)
    return answer(_content(changed, used))


def merged(held: Iterable[Rate], told: Iterable[Rate]) -> list[dict[str, object]]:
    """All rates as the policy's option lists them, a later one of the same currency and day in place of the earlier."""
    found = {(rate.currency, rate.day): rate for rate in (*held, *told)}
    ordered = sorted(found.values(), key=lambda rate: (rate.currency, rate.day or date.min))
    return [_rate(one) for one in ordered]


async def _stored(
    connection: Connection, project: str, held: ProjectSettings, rates: Sequence[dict[str, object]]
) -> ProjectSettings:
    if len(rates) > MOST_RATES:
        raise Refused(bad_body([FieldError("rates", f"would be {len(rates)}: at most {MOST_RATES} are kept")]))
    changed = replace(held, version=held.version + 1, options=held.options | {"fx": list(rates)})
    return await settings.store(connection, project, changed)


def _rates(field: str, value: object) -> tuple[Rate, ...]:
    try:
        return rates_of(value)
    except PolicyError as error:
        raise Refused(bad_body([FieldError(error.option.replace("fx", field, 1), error.fault)])) from error


def _of_file(kind: str, data: bytes, held: ProjectSettings, used: frozenset[str]) -> tuple[Rate, ...]:
    policy = held.policy()
    if policy.base_currency is None:
        raise Refused(bad_body([FieldError("body", "needs a base currency: set base_currency in the settings first")]))
    wanted = used | {rate.currency for rate in policy.fx}
    try:
        references = (read_csv if kind == CSV else read_xml)(data.decode())
        return _rates("body", list(in_base(references, policy.base_currency, frozenset(wanted))))
    except (UnreadableRates, UnicodeDecodeError, ValueError) as error:
        raise Refused(bad_body([FieldError("body", str(error))])) from error


def _content(held: ProjectSettings, used: frozenset[str]) -> dict[str, object]:
    policy = held.policy()
    base = policy.base_currency
    known = {rate.currency for rate in policy.fx}
    missing = [] if base is None else sorted(used - known - {base})
    return {
        "base_currency": base,
        "rates": [_rate(one) for one in policy.fx],
        "missing_rates": missing,
        "version": held.version,
    }


def _rate(one: Rate) -> dict[str, object]:
    told: dict[str, object] = {"currency": one.currency, "rate": exact_text(one.rate)}
    if one.day is not None:
        told["date"] = one.day.isoformat()
    if one.source is not None:
        told["source"] = one.source
    return told
