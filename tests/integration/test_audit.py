"""`revstream audit` on the whole system: an account that lived for two years is read by a first sync, and all agrees.

With `--full` the account has 50,000 subscriptions. What is tampered with afterwards is named.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from deploy.stack import StackSettings
from libs.cli.api_client import ApiClient
from libs.cli.auditing.auditor import Servers, Wanted, audited
from libs.cli.auditing.report import ProjectReport, sentence
from libs.cli.system import System, SystemSettings, running_system
from libs.fake_stripe.large import LargeAccount, Lives
from libs.runtime.api_keys import KeyRequest, Scope, issue_at

pytestmark = pytest.mark.scale

STRIPE = "/api/integrations/stripe"
KEY = "rk_test_audit"
MONTHS = 24
# Payments don't change MRR, and there are ten times as many of them.
COUNTED = ("account", "subscriptions", "subscription_items", "customers", "prices", "coupons", "products", "events")
UNTOLD = """
SELECT (SELECT count(*) FROM customers WHERE project = $1 AND client IS NULL)
     + (SELECT count(*) FROM definitions_due WHERE project = $1 AND due_at <= now())
"""
TAMPERED = (
    """
UPDATE movements SET amount_num = amount_num + 1 WHERE (project, id) = (
    SELECT project, min(id) FROM movements WHERE project = $1 GROUP BY project) RETURNING client, id AS told
""",
    """
UPDATE customers SET matched_by = 'domain' WHERE (project, customer) = (
    SELECT project, max(customer) FROM customers WHERE project = $1 GROUP BY project) RETURNING client, customer AS told
""",
    """
UPDATE subscriptions SET mrr_num = mrr_num + mrr_den WHERE (project, subscription) = (
    SELECT project, min(subscription) FROM subscriptions
    WHERE project = $1 AND counted AND mrr_num > 0 GROUP BY project)
RETURNING client, subscription AS told
""",
)


@asynccontextmanager
async def synced(servers: StackSettings, account: LargeAccount, project: str, seconds: float) -> AsyncIterator[System]:
    """A system whose project has read the account and told everything of it."""
    async with account.serve() as stripe:
        environment = {"STRIPE_API_BASE": stripe, "STRIPE_READS_PER_SECOND": "100"}
        async with running_system(SystemSettings(servers, environment=environment)) as system:
            issued = await issue_at(system.servers.database_url, KeyRequest(project, "test", [Scope.ADMIN]))
            async with ApiClient(system.api_url, issued.key) as api, asyncio.timeout(seconds):
                run = (await api.post(f"{STRIPE}/key", {"key": KEY, "label": "test"}))["run"]
                await _ended(api, run["id"])
                await _told(system.servers.database_url, project)
            yield system


async def _ended(api: ApiClient, run: str) -> None:
    while (found := (await api.get(f"{STRIPE}/syncs/{run}"))["run"])["state"] in ("queued", "running"):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    done = {each["name"]: each["state"] for each in found["resources"]}
    assert done["subscriptions"] == done["customers"] == done["events"] == "succeeded", found


async def _told(database: str, project: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SET revstream.every_project = 'on'")
        while await connection.fetchval(UNTOLD, project):  # noqa: ASYNC110 – other processes' work
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def report_of(system: System, project: str) -> ProjectReport:
    """The first report that leaves nothing out: presets are told of in the background."""
    servers = Servers(system.servers.kafka_bootstrap, system.servers.database_url)
    while True:
        [report] = [one async for one in audited(servers, Wanted(project), lambda *_: None)]
        assert "\n".join(sentence(one) for one in report.findings.differences) == ""
        if not report.notes:
            return report
        await _told(system.servers.database_url, project)


async def command(system: System, project: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `revstream audit --json`, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.cli.main", "audit", "--json", "--project", project),
        *("--patience", "0.5"),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": system.servers.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": system.servers.kafka_bootstrap,
        },
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, orjson.loads(said)


async def tampered(database: str, project: str) -> list[tuple[str, str]]:
    """One entry of the ledger, one row of the read model, one subscription's MRR: each client, and what is named."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SET revstream.every_project = 'on'")
        rows = [await connection.fetchrow(statement, project) for statement in TAMPERED]
    finally:
        await connection.close()
    return [(row["client"], row["told"]) for row in rows if row is not None]


@pytest.mark.timeout(3600)
async def test_two_years_agree_and_what_is_tampered_with_is_named(
    kafka_bootstrap: str, database: str, project: str, full: bool, tmp_path: Path
) -> None:
    lives = Lives(MONTHS, households=250 if full else 20)
    start = datetime.now(UTC).replace(microsecond=0) - lives.lived
    account = LargeAccount(7, 50_000 if full else 60, start, lives=lives)
    account.server.access.keys[KEY] = frozenset(COUNTED)
    servers = StackSettings(tmp_path, kafka_bootstrap=kafka_bootstrap, database_url=database, durable=False)
    async with synced(servers, account, project, seconds=3000 if full else 90) as system:
        report = await report_of(system, project)
        seen = {check.name: count for check, count in report.findings.seen.items()}
        assert seen["MRR of subscriptions"] == account.subscriptions
        assert min(seen.values()) > 0 or {name for name, count in seen.items() if not count} <= {
            "transfers net to zero",
            "signals",
        }
        wrong = await tampered(database, project)
        code, told = await command(system, project)
    assert (len(wrong), code, told["ok"]) == (3, 1, False)
    named = [" ".join(str(value) for value in one.values()) for one in told["differences"]]
    for client, subject in wrong:
        assert any(client in one and subject in one for one in named), (client, subject, named)
