"""`/api/projects`: the caller's own project, and new ones, each with its first key."""

import secrets
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web

from libs.runtime.api_keys import InvalidProject, KeyRequest, Scope, checked_project, issue
from services.api.answers import answer
from services.api.asked import Asked
from services.api.audit import Action, AuditEntry, audit
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body, conflict

MINE = "SELECT id, name, created_at FROM projects WHERE id = $1"
ADD = "INSERT INTO projects (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"


class ProjectBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`project` is the id in addresses; left out, one is made up."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]
    project: Annotated[str, msgspec.Meta(max_length=63)] | None = None


async def project_list(asked: Asked) -> web.Response:
    """The project of the key: no tenant hears of another."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        rows = await connection.fetch(MINE, asked.project)
    data = [{"project": row["id"], "name": row["name"], "created_at": row["created_at"]} for row in rows]
    return answer({"data": data, "next_cursor": None})


async def make_project(asked: Asked) -> web.Response:
    """A new project with an admin key of its own, shown once: the caller's key stays with its project."""
    body = await asked.body(ProjectBody)
    project = _checked(body.project or f"prj_{secrets.token_hex(8)}")
    async with asked.database.every_project() as connection:
        if await connection.execute(ADD, project, body.name) != "INSERT 0 1":
            raise Refused(conflict("project_exists", f"The project {project} exists.", "Choose another id."))
        issued = await issue(connection, KeyRequest(project, "first key", [Scope.ADMIN]))
        told = {"by_project": asked.project, "first_key": issued.id}
        await audit(connection, AuditEntry(project, Action.PROJECT_CREATED, asked.caller.key, project, told))
    content = {"project": project, "name": body.name, "key": issued.key, "key_id": issued.id, "scopes": issued.scopes}
    return answer(content, HTTPStatus.CREATED)


def _checked(project: str) -> str:
    try:
        return checked_project(project)
    except InvalidProject as error:
        raise Refused(bad_body([FieldError("project", str(error))])) from error
