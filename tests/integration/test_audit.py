"""`revstream audit` on the whole system: an account that lived for two years is read by a first sync, and all agrees.

With `--full` the account has 50,000 subscriptions. What is tampered with afterwards is named.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from deploy.stack import StackSettings
from libs.cli.api_client import ApiClient
from libs.cli.auditing.auditor import Servers, Wanted, audited
from libs.cli.auditing.report import ProjectReport, sentence
from libs.cli.database_checks import database as database_checks
from libs.cli.findings import Finding, Place, State
from libs.cli.system import System, SystemSettings, running_system
from libs.fake_stripe.large import LargeAccount, Lives
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from tests.servers import OwnBrokers

pytestmark = pytest.mark.scale

STRIPE = "/api/integrations/stripe"
KEY = "rk_test_audit"
MONTHS = 24
# Payments don't change MRR, and there are ten times as many of them.
COUNTED = ("account", "subscriptions", "subscription_items", "customers", "prices", "coupons", "products", "events")
IN_DOLLARS = {"base_currency": "usd", "fx": {"eur": "1.1", "jpy": "0.0067", "kwd": "3.255"}}
TOGETHER = 3  # customers that become one client
UNMOVED = f"""
SELECT {TOGETHER} - count(DISTINCT customer) FROM movements
WHERE project = $1 AND kind = 'transfer' AND client = 'acme'
"""
PAYING = f"SELECT customer FROM customers WHERE project = $1 AND subscribes ORDER BY customer LIMIT {TOGETHER}"
# A read model that has not begun has nobody untold, either.
UNTOLD = f"""
SELECT (SELECT count(*) FROM customers WHERE project = $1 AND client IS NULL)
     + (SELECT count(*) FROM definitions_due WHERE project = $1 AND due_at <= now())
     + (SELECT {TOGETHER} - count(*) FROM ({PAYING}) AS paying)
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
            key = (await issue_at(system.servers.database_url, KeyRequest(project, "test", [Scope.ADMIN]))).key
            async with ApiClient(system.api_url, key) as api, asyncio.timeout(seconds):
                await _changed(system, key, "PATCH", f"{STRIPE}/settings", IN_DOLLARS)
                run = (await api.post(f"{STRIPE}/key", {"key": KEY, "label": "test"}))["run"]
                await _ended(api, run["id"])
                await _until_none(system.servers.database_url, UNTOLD, project)
                paying = await _paying(system.servers.database_url, project)
                acme = {"name": "Acme", "stripe_customers": paying}
                await _changed(system, key, "PUT", "/api/clients/acme", acme)
                await _until_none(system.servers.database_url, UNMOVED, project)
            yield system


async def _changed(system: System, key: str, method: str, path: str, body: Mapping[str, object]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{system.api_url}{path}", json=body) as answer,
    ):
        assert answer.status < 300, await answer.text()


async def _ended(api: ApiClient, run: str) -> None:
    while (found := (await api.get(f"{STRIPE}/syncs/{run}"))["run"])["state"] in ("queued", "running"):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    done = {each["name"]: each["state"] for each in found["resources"]}
    assert done["subscriptions"] == done["customers"] == done["events"] == "succeeded", found


async def _until_none(database: str, query: str, project: str) -> None:
    async with _owner(database) as connection:
        while await connection.fetchval(query, project) > 0:  # noqa: ASYNC110 – other processes' work
            await asyncio.sleep(0.2)


async def _paying(database: str, project: str) -> list[str]:
    async with _owner(database) as connection:
        return [row["customer"] for row in await connection.fetch(PAYING, project)]


@asynccontextmanager
async def _owner(database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SET revstream.every_project = 'on'")
        yield connection
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
        await _until_none(system.servers.database_url, UNTOLD, project)


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


async def doctor(database: str) -> Finding:
    """What `revstream doctor` finds about the last audit."""
    checks = await database_checks(Place(Path(), None, database, None, {}, None, None))
    return next(each for each in checks if each.check == "audit")


async def tampered(database: str, project: str) -> list[tuple[str, str]]:
    """One entry of the ledger, one row of the read model, one subscription's MRR: each client, and what is named."""
    async with _owner(database) as connection:
        rows = [await connection.fetchrow(statement, project) for statement in TAMPERED]
    return [(row["client"], row["told"]) for row in rows if row is not None]


@pytest.mark.timeout(3600)
async def test_two_years_agree_and_what_is_tampered_with_is_named(
    own_broker: OwnBrokers, database: str, project: str, full: bool, tmp_path: Path
) -> None:
    broker = await own_broker()  # on the shared one the workers would read what all other tests wrote
    lives = Lives(MONTHS, households=250 if full else 20)
    start = datetime.now(UTC).replace(microsecond=0) - lives.lived
    account = LargeAccount(7, 50_000 if full else 60, start, lives=lives)
    account.server.access.keys[KEY] = frozenset(COUNTED)
    servers = StackSettings(tmp_path, kafka_bootstrap=broker.bootstrap, database_url=database, durable=False)
    async with synced(servers, account, project, seconds=3000 if full else 150) as system:
        report = await report_of(system, project)
        seen = {check.name: count for check, count in report.findings.seen.items()}
        assert seen["MRR of subscriptions"] == account.subscriptions
        assert seen["transfers net to zero"] >= 2 * TOGETHER
        assert [name for name, count in seen.items() if not count and name != "signals"] == []
        told_well = await doctor(database)
        wrong = await tampered(database, project)
        code, told = await command(system, project)
    assert (len(wrong), code, told["ok"]) == (3, 1, False)
    assert (told_well.state, (await doctor(database)).state) == (State.OK, State.PROBLEM)
    named = [" ".join(str(value) for value in one.values()) for one in told["differences"]]
    for client, subject in wrong:
        assert any(client in one and subject in one for one in named), (client, subject, named)
