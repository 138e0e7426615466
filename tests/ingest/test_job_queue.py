"""The queue of background jobs on PostgreSQL: each job once at a time, none lost, none without end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest

from libs.runtime.postgres import pool
from services.ingest.job_queue import JobQueue
from services.ingest.job_store import install
from services.ingest.jobs import Subject
from tests.waiting import until

ONE, OTHER = Subject("p1", "one"), Subject("p1", "other")
# As a process leaves it that was killed ten seconds ago.
LEFT = """
INSERT INTO jobs.pgqueuer
    (priority, queue_manager_id, heartbeat, execute_after, status, entrypoint, dedupe_key, payload)
VALUES (0, gen_random_uuid(), now() - interval '10 seconds', now() - interval '1 minute', 'picked', 'test', $1, $2)
"""


@dataclass
class Work:
    """A duty that a test looks at: what is due, what is being done, how often what was begun."""

    wanted: list[Subject] = field(default_factory=list)
    doing: list[Subject] = field(default_factory=list)
    begun: list[Subject] = field(default_factory=list)
    most: int = 0
    fault: Exception | None = None
    kind: str = "test"
    only_while_due: bool = True

    async def due(self) -> Sequence[Subject]:
        return list(self.wanted)

    async def work(self, subject: Subject) -> None:
        self.begun.append(subject)
        self.doing.append(subject)
        self.most = max(self.most, self.doing.count(subject))
        try:
            if self.fault is not None:
                raise self.fault
            while subject in self.wanted:  # noqa: ASYNC110 – the test ends it
                await asyncio.sleep(0.01)
        finally:
            self.doing.remove(subject)


@asynccontextmanager
async def at_work(database: str, *works: Work) -> AsyncIterator[tuple["asyncio.Task[None]", ...]]:
    """A process for each duty, working."""
    async with pool(database, "test") as opened:
        queues = [JobQueue(database, opened, [work], asyncio.Event()) for work in works]
        tasks = tuple(asyncio.create_task(queue.follow()) for queue in queues)
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def rows(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM jobs.pgqueuer")
        return found
    finally:
        await connection.close()


async def test_each_job_is_worked_on_by_one_of_several_processes(database: str) -> None:
    wanted = [ONE, OTHER]
    doing: list[Subject] = []
    works = [Work(wanted=wanted, doing=doing) for _ in range(3)]
    async with at_work(database, *works):
        await until(lambda: len(doing) == 2)
        await asyncio.sleep(2.5)  # every process has looked again
        assert sorted(doing, key=lambda it: it.id) == [ONE, OTHER]
        wanted.clear()
        await until(lambda: not doing)
    assert max(work.most for work in works) == 1
    assert sum(len(work.begun) for work in works) == 2


async def test_what_a_killed_process_left_is_taken_on_at_once(database: str) -> None:
    await install(database)
    connection = await asyncpg.connect(database)
    await connection.execute(LEFT, 'test ["p1","one"]', b'["p1","one"]')
    await connection.close()
    work = Work(wanted=[ONE])
    async with at_work(database, work):
        await until(lambda: work.doing == [ONE])
        work.wanted.clear()
        await until(lambda: not work.doing)
    assert work.begun == [ONE]


async def test_what_is_due_no_more_is_called_off(database: str) -> None:
    class Endless(Work):
        async def work(self, subject: Subject) -> None:
            self.doing.append(subject)
            try:
                await asyncio.Event().wait()
            finally:
                self.doing.remove(subject)

    work = Endless(wanted=[ONE])
    async with at_work(database, work):
        await until(lambda: work.doing == [ONE])
        work.wanted.clear()
        await until(lambda: not work.doing)


async def test_stop_ends_what_is_being_done_and_leaves_no_row(database: str) -> None:
    work = Work(wanted=[ONE])
    async with at_work(database, work):
        await until(lambda: work.doing == [ONE])
    assert work.doing == []
    assert await rows(database) == 0


async def test_fault_that_nobody_expected_ends_the_service(database: str) -> None:
    work = Work(wanted=[ONE], fault=ZeroDivisionError("a bug"))
    async with at_work(database, work) as (task,):
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(task, 10)


async def test_postgres_away_is_waited_for_within_a_job(database: str) -> None:
    work = Work(wanted=[ONE], fault=OSError("no PostgreSQL"))
    async with at_work(database, work):
        await until(lambda: len(work.begun) == 1)
        work.fault = None
        await until(lambda: work.doing == [ONE])
        work.wanted.clear()


async def test_installing_again_changes_nothing(database: str) -> None:
    await asyncio.gather(*(install(database) for _ in range(3)))
    assert await rows(database) == 0
