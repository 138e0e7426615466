"""The audit of one project, or of all, from the first look to the report."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from libs.cli.auditing.check import Check, Part
from libs.cli.auditing.cut import Topics
from libs.cli.auditing.difference import Difference, Findings
from libs.cli.auditing.looks import Look, checks_of, confirmed, look_at, looked
from libs.cli.auditing.model_checks import MODEL, MOVEMENTS
from libs.cli.auditing.outcomes import keep
from libs.cli.auditing.report import ProjectReport
from libs.cli.auditing.session import AUDITING, instant
from libs.cli.auditing.terms import Asked, Terms, terms_of
from libs.cli.auditing.topics import Reading
from libs.cli.servers import Owner, broker, owner
from libs.runtime.spans import reader

PROJECTS = "SELECT id FROM projects ORDER BY id"
BEHIND = Check("the read model follows the topics", Part.MODEL, "", "")
REBUILDING = "its ledger is being counted anew by other options: ask again for the ledger when that is done"
UNTOLD = "{} customers are still to be told of under every preset: ask again for them"
UNSURE = "{} subscriptions changed twice within a second, which nobody has told apart yet: left out"
PENDING = """
SELECT count(*) FROM definitions_due WHERE project = $1 AND due_at <= now()
"""

Say = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is, and how much there is to do."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the topics and the tables are."""

    kafka_bootstrap: str
    database_url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The project (None: all of them), and for how many seconds what differs may only be on its way."""

    project: str | None = None
    patience: float = 15.0


async def audited(servers: Servers, wanted: Wanted, say: Say) -> AsyncIterator[ProjectReport]:
    """Each project's report, as it is found; how it came out is kept.

    Raises StackUnavailable, and LookupError for no such project.
    """
    async with AsyncExitStack() as stack:
        bootstrap = stack.enter_context(broker(servers.kafka_bootstrap))
        connection = await stack.enter_async_context(owner(servers.database_url, AUDITING))
        names = await _projects(connection, wanted.project)

        def tell(done: int, whole: int) -> None:
            say("reading the topics", done, whole)

        heard = Topics(Reading(await stack.enter_async_context(reader(bootstrap)), wanted.project, tell))
        await heard.read(connection)
        lacking = await heard.caught_up(connection)
        for number, name in enumerate(names):
            say(f"comparing {name}", number, len(names))
            report = await _report(connection, replace(wanted, project=name), heard, lacking)
            await keep(connection, report)
            yield report


async def _projects(connection: Owner, project: str | None) -> list[str]:
    async with instant(connection):
        names = [row["id"] for row in await connection.fetch(PROJECTS)]
    if project is None:
        return names
    if project not in names:
        raise LookupError(f"there is no project {project!r}; there are {', '.join(names) or 'none'}")
    return [project]


async def _report(connection: Owner, wanted: Wanted, heard: Topics, lacking: Sequence[str]) -> ProjectReport:
    at, project = datetime.now(UTC), wanted.project or ""
    async with instant(connection):
        terms = await terms_of(connection, project)
        pending = await connection.fetchval(PENDING, project)
    look = Look(project, checks_of(terms), topics_are_cut=heard.are_cut, patience=wanted.patience)
    first = await look_at(connection, look)
    found = await confirmed(connection, look, first)
    model = _behind(project, lacking) if lacking else await _compared(connection, replace(look, at=at), heard)
    notes = [REBUILDING] if terms.rebuilding else []
    notes += [UNTOLD.format(pending)] if pending else []
    notes += [UNSURE.format(first.unsure)] if first.unsure else []
    return ProjectReport(project, at, _together(model, found), notes)


async def _compared(connection: Owner, look: Look, heard: Topics) -> Findings:
    """Read model and topics, both as of what the read model has applied in one transaction."""
    async with instant(connection):
        await heard.follow(connection)
        terms = await terms_of(connection, look.project)
        at = look.at or datetime.now(UTC)
        asked = Asked(look.project, at, purged_up_to=terms.purged_up_to(at), topics_are_cut=heard.are_cut)
        return await looked(connection, replace(look, checks=_model_checks(terms)), asked, terms)


def _model_checks(terms: Terms) -> tuple[Check, ...]:
    return tuple(check for check in MODEL if not terms.rebuilding or check.differences is not MOVEMENTS)


def _behind(project: str, lacking: Sequence[str]) -> Findings:
    found = [
        Difference(project, BEHIND, None, None, None, None, one, "not applied yet", "there for minutes")
        for one in lacking
    ]
    return Findings({BEHIND: len(found)}, {BEHIND: len(found)}, found)


def _together(one: Findings, other: Findings) -> Findings:
    return Findings({**other.seen, **one.seen}, {**other.counts, **one.counts}, [*other.differences, *one.differences])
