"""`POST /api/clients/import`: many clients at once, as CSV or JSON; and how that goes."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked, body_of
from services.api.audit import Action, audit, entry
from services.api.importing.reading import CSV, JSON, TooManyRows, Unreadable, read_rows
from services.api.parameters import Query
from services.api.problems import Problem, Refused, bad_body, not_found
from services.api.queries import imports
from services.api.queries.imports import NewImport

MOST_BYTES = 8 * 1024 * 1024


class ImportQuery(Query, frozen=True, kw_only=True):
    """`dry_run` checks everything and stores nothing."""

    dry_run: bool = False


async def import_clients(asked: Asked) -> web.Response:
    """Keep the file and begin; the answer names the import. Raises Refused: 400 for a file that can't be read as a
    whole, 413 for one that is too large, 415 for one that is neither CSV nor JSON."""
    query = asked.query(ImportQuery)
    content = await body_of(asked.request, MOST_BYTES, (CSV, JSON))
    kind = asked.request.content_type
    new = NewImport(content, kind, await _rows(content, kind), query.dry_run)
    async with asked.database.writing(asked.project) as connection:
        made = await imports.add(connection, asked.project, new)
        if not query.dry_run:
            told = entry(asked, Action.DIRECTORY_CHANGED, str(made["id"]), rows=new.rows)
            await audit(connection, told)
    asked.parts.imports.set()
    return answer({"import": made}, HTTPStatus.ACCEPTED)


async def import_progress(asked: Asked) -> web.Response:
    """An import as it stands: how many rows are stored and told, and what is wrong with the others."""
    asked.query(Query)
    identifier = asked.path("import")
    async with asked.database.reading(asked.project) as connection:
        found = await imports.one(connection, asked.project, identifier)
    if found is None:
        raise Refused(not_found(f"import {identifier}"))
    return answer({"import": found})


async def _rows(content: bytes, kind: str) -> int:
    try:
        rows, errors = await asyncio.to_thread(read_rows, content, kind)
    except Unreadable as error:
        raise Refused(bad_body([error.error])) from error
    except TooManyRows as error:
        raise Refused(_too_many(str(error))) from error
    return len(rows) + len(errors)


def _too_many(reason: str) -> Problem:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return Problem(status, "too_many_rows", f"Not taken: {reason}.", "Send the clients in several files.")
