"""The webhooks that come most, from a whole request to an acknowledged record without a task or a request object.

It decides nothing of its own: whatever is not good in every way is left to the handler, which says what is wrong.
"""

import time
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from libs.runtime.problems import raw_problem
from libs.runtime.whole_request import WholeRequest
from libs.wire.records import StripeRecord
from services.ingest import metrics, problems
from services.ingest.catalogues import Scope
from services.ingest.projects import Ignored
from services.ingest.publisher import NotPublished, RecordTooLarge
from services.ingest.received import with_date
from services.ingest.signature import signed_at
from services.ingest.webhook import PREFIX, Webhook, ignored_body

SIGNATURE = b"stripe-signature"
OPEN: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class QuickWay:
    """Answers what `webhook` would answer with 200."""

    webhook: Webhook

    def __call__(self, request: WholeRequest, answer: Callable[[bytes], None]) -> bool:
        """Take the request and answer once the broker has the record; False leaves it to the handler."""
        asked = _Asked(time.perf_counter(), answer)
        prepared = self._prepared(request)
        if prepared is None:
            return False
        if isinstance(prepared, Ignored):
            metrics.IGNORED.labels(prepared.value).inc()
            asked.answered(with_date(int(time.time()), ignored_body(prepared)))
            return True
        try:
            acknowledged = self.webhook.publisher.offer(prepared[1])
        except (NotPublished, RecordTooLarge):
            return False
        acknowledged.add_done_callback(partial(self._answered, *prepared, asked))
        return True

    def _prepared(self, request: WholeRequest) -> tuple[Scope, StripeRecord] | Ignored | None:
        webhook, target = self.webhook, request.target
        project = webhook.projects.known(target.removeprefix(PREFIX)) if target.startswith(PREFIX) else None
        header = request.headers.get(SIGNATURE)
        if project is None or header is None or not webhook.bodies.takes(len(request.body)):
            return None
        if not webhook.doorkeeper.admits(project, time.monotonic()):
            return None
        now = webhook.clock()
        second = signed_at(header.decode(), request.body, project.secrets, now)
        prepared = None if second is None else webhook.prepared(project, request.body)
        if second is None or prepared is None:
            webhook.doorkeeper.returns(project)  # the handler takes it
            return None
        metrics.SKEW.value = now - second
        return prepared

    def _answered(self, scope: Scope, record: StripeRecord, asked: "_Asked", acknowledged: "Future[None]") -> None:
        if acknowledged.cancelled() or acknowledged.exception() is not None:
            metrics.WEBHOOKS.labels(problems.NOT_NOW.code).inc()
            asked.answered(raw_problem(problems.NOT_NOW, OPEN))
        else:
            metrics.PUBLISHED.inc()
            asked.answered(self.webhook.received.data())
            self.webhook.noted(scope, record)


@dataclass(frozen=True, slots=True)
class _Asked:
    """When a request came, and who waits for its answer."""

    started: float
    answer: Callable[[bytes], None]

    def answered(self, data: bytes) -> None:
        """Answer, and say how long it took."""
        self.answer(data)
        metrics.SECONDS.observe(time.perf_counter() - self.started)
