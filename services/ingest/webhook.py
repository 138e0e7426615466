"""`POST /webhooks/stripe/{project}`: from a request to an acknowledged record, or to the reason why not.

Cheap checks come first, nothing is parsed before it is verified, and 200 is said only after the broker has said yes.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson
import structlog
from aiohttp import web
from multidict import istr

from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Origin, WebhookEvent, envelope, is_published, to_record
from libs.wire.stripe_event.plain import plain_event
from services.ingest import metrics, problems, received
from services.ingest.bodies import Bodies
from services.ingest.bucket import Buckets, Rate
from services.ingest.catalogues import Catalogues, Scope
from services.ingest.edge_health import EdgeHealth
from services.ingest.problems import Problem, Refused, new_request_id, problem_response
from services.ingest.projects import UNCONNECTED, Ignored, Project, Projects, StoreUnavailable, account_of
from services.ingest.publisher import NotPublished, Publisher, RecordTooLarge
from services.ingest.received import Received
from services.ingest.seen_events import SeenEvents
from services.ingest.signature import signed_at

log = structlog.get_logger(__name__)
PREFIX = "/webhooks/stripe/"
# All projects that we don't know share one bucket: a made-up id must not buy a look-up each.
UNKNOWN = ""
UNKNOWN_RATE = Rate(per_second=50, burst=200)
SIGNATURE = istr("Stripe-Signature")
CLAIM = "v1="
DEAUTHORIZED = "account.application.deauthorized"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Who may send how much."""

    known: Buckets
    unknown: Buckets = field(default_factory=lambda: Buckets(UNKNOWN_RATE))

    def admits(self, project: Project | None, now: float) -> bool:
        """Whether a request for the project may go on at `now` (monotonic seconds)."""
        return self.unknown.takes(UNKNOWN, now) if project is None else self.known.takes(project.id, now)

    def returns(self, project: Project) -> None:
        """A request that was let on is let on again, and counts once."""
        self.known.returns(project.id)


def _not_noted(_record: StripeRecord) -> None:
    """Nobody looks for ties."""


async def _nobody_revokes(_scope: Scope, _at: datetime) -> None:
    """No account is connected by OAuth."""


def _left_as_it_is(_scope: Scope, _record: StripeRecord) -> None:
    """Nobody completes records."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """The handler of all public requests. `clock` gives seconds since 1970; `lacking` hears of each record that was
    published incomplete, `published` of each that the broker has; they must not wait. What is in `seen` is dropped.
    `revoked` is told when Stripe says that our access to an account has ended. It raises StoreUnavailable."""

    projects: Projects
    publisher: Publisher
    doorkeeper: Doorkeeper
    bodies: Bodies = field(default_factory=Bodies)
    catalogues: Catalogues = field(default_factory=Catalogues)
    received: Received = field(default_factory=Received)
    clock: Callable[[], float] = time.time
    lacking: Callable[[Scope, StripeRecord], None] = _left_as_it_is
    published: Callable[[StripeRecord], None] = _not_noted
    seen: SeenEvents | None = None
    health: EdgeHealth = field(default_factory=EdgeHealth)
    revoked: Callable[[Scope, datetime], Awaitable[None]] = _nobody_revokes

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Answer a request; every expected outcome is an answer, nothing is raised."""
        started = time.perf_counter()
        try:
            return await self._answer(request)
        except Refused as refused:
            return _refusal(refused.problem)
        finally:
            metrics.SECONDS.observe(time.perf_counter() - started)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        name = _project_in(request.raw_path)
        if request.method != "POST":
            raise Refused(problems.METHOD_NOT_ALLOWED)
        self.bodies.check_headers(request)
        if not self.doorkeeper.admits(self.projects.known(name), time.monotonic()):
            raise Refused(problems.TOO_MANY)
        body = await self.bodies.read(request)
        project = await self._verified(name, request, body)
        try:
            ignored = await self._taken(project, body)
        except MalformedRecord as error:
            return _refusal(problems.MALFORMED_EVENT, detail=f"The body is signed but is no Stripe event: {error}.")
        if ignored is not None:
            metrics.IGNORED.labels(ignored.value).inc()
            return web.Response(body=ignored_body(ignored), headers=received.HEADERS)
        metrics.PUBLISHED.inc()
        return self.received(request)

    async def _verified(self, name: str, request: web.BaseRequest, body: bytes) -> Project:
        project = await self._found(name)
        header = ",".join(request.headers.getall(SIGNATURE, ()))
        now = self.clock()
        second = signed_at(header, body, project.secrets if project else (), now)
        if project is not None and second is not None:
            metrics.SKEW.value = now - second
            return project
        if project is None:
            raise Refused(problems.NOT_FOUND)
        if CLAIM in header:
            self.health.refused(project.id, now)
        raise Refused(problems.SECRETS_UNREADABLE if project.unreadable else problems.BAD_SIGNATURE)

    async def _found(self, name: str) -> Project | None:
        try:
            return await self.projects.find(name)
        except StoreUnavailable as error:
            log.warning("project_not_looked_up", reason=str(error))
            raise Refused(problems.NOT_NOW) from error

    async def _taken(self, project: Project, body: bytes) -> Ignored | None:
        """Publish the event in a body, or say why it is not for us. Raises MalformedRecord."""
        prepared = self.prepared(project, body)
        if prepared is None:
            return await self._taken_whole(project, envelope(body))
        if isinstance(prepared, Ignored):
            return prepared
        await self._completed(*prepared)
        return None

    def prepared(self, project: Project, body: bytes) -> tuple[Scope, StripeRecord] | Ignored | None:
        """The record of an event that can take the short way, or why it is not for us; None for all others."""
        plain = plain_event(body, project.kept)
        if plain is None:
            return None
        account = self._account_of(project, plain.account, plain.livemode)
        if isinstance(account, Ignored):
            return account
        if self._is_known(project, plain.id):
            return Ignored.DUPLICATE
        origin = Origin(project.id, account, kept=project.kept)
        scope = (project.id, account, plain.livemode)
        if plain.terms is None:
            return scope, plain.record(origin)
        self.catalogues.learn(scope, plain.terms)
        return scope, plain.completed(origin, self.catalogues.of(scope))

    async def _taken_whole(self, project: Project, event: WebhookEvent) -> Ignored | None:
        if event.type == DEAUTHORIZED and event.account is not None:
            await self._revoked((project.id, event.account, event.livemode), event.created)
            return Ignored.DEAUTHORIZED
        account = self._destination(project, event)
        if isinstance(account, Ignored):
            return account
        if self._is_known(project, event.id):
            return Ignored.DUPLICATE
        scope = (project.id, account, event.livemode)
        origin = Origin(project.id, account, kept=project.kept)
        record = to_record(event, origin, self.catalogues.learned(scope, event))
        await self._completed(scope, record)
        return None

    def _destination(self, project: Project, event: WebhookEvent) -> str | Ignored:
        if event.is_thin:
            return Ignored.THIN
        if not is_published(event.type):
            return Ignored.TYPE
        return self._account_of(project, event.account, event.livemode)

    def _account_of(self, project: Project, named: str | None, livemode: bool) -> str | Ignored:
        account = account_of(project, named, livemode)
        if account is Ignored.WRONG_MODE:
            self.health.wrong_mode((project.id, named or UNCONNECTED, livemode), self.clock())
        return account

    async def _revoked(self, scope: Scope, at: datetime) -> None:
        try:
            await self.revoked(scope, at)
        except StoreUnavailable as error:
            raise Refused(problems.NOT_NOW) from error

    def _is_known(self, project: Project, event_id: str) -> bool:
        """Whether the broker has the event already, as far as this process knows."""
        return self.seen is not None and (project.id, event_id) in self.seen

    async def _completed(self, scope: Scope, record: StripeRecord) -> None:
        await self._published(record)
        self.noted(scope, record)

    def noted(self, scope: Scope, record: StripeRecord) -> None:
        """The broker has the record."""
        if self.seen is not None and record.event_id is not None:
            self.seen.add(record.project, record.event_id)
        self.published(record)
        self.health.accepted(
            (record.project, record.account, record.livemode), record.version.created.timestamp(), self.clock()
        )
        for gap in record.incomplete:
            metrics.INCOMPLETE.labels(gap.partition(":")[0]).inc()
        if record.incomplete:
            self.lacking(scope, record)

    async def _published(self, record: StripeRecord) -> None:
        try:
            await self.publisher.publish(record)
        except NotPublished as error:
            raise Refused(problems.NOT_NOW) from error
        except RecordTooLarge as error:
            log.error("record_too_large", project=record.project, event_id=record.event_id, type=record.type)
            raise Refused(problems.TOO_LARGE) from error


def _project_in(target: str) -> str:
    """The project that a request's target names. Raises Refused where there is nothing."""
    path = target.partition("?")[0]
    name = path.removeprefix(PREFIX)
    if name == path or not name or "/" in name:
        raise Refused(problems.NOT_FOUND)
    return name


def _refusal(problem: Problem, detail: str | None = None) -> web.Response:
    request_id = new_request_id()
    metrics.WEBHOOKS.labels(problem.code).inc()
    log.debug("webhook_refused", code=problem.code, request_id=request_id)
    return problem_response(problem if detail is None else replace(problem, detail=detail), request_id)


def ignored_body(reason: Ignored) -> bytes:
    """What is said of an event that is acknowledged and not published."""
    return orjson.dumps({"received": True, "ignored": reason.value})
