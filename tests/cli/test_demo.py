"""The demo's own check: what it compares, that it can fail, and that it passes on the real system."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.cli.api_client import ApiClient, Json
from libs.cli.comparison import compare
from libs.cli.demo_account import DemoAccount, total, written


class ScriptedApi(ApiClient):
    """An API that says what it was told to say."""

    def __init__(self, records: list[Json], mrr: Json | None) -> None:
        super().__init__("http://127.0.0.1", "")
        self._records, self._mrr = records, mrr

    async def get(self, path: str, **query: str) -> Json:
        assert path == "/api/metrics"
        return {"metrics": {"mrr": self._mrr}}

    async def every(self, path: str, **query: str) -> AsyncIterator[Json]:
        for record in self._records:
            yield record


@pytest.fixture(scope="module")
def account() -> DemoAccount:
    account = DemoAccount(seed=3, customers=20, days=60)
    account.play_history()
    return account


def records_of(account: DemoAccount) -> list[Json]:
    return [
        {"client": client, "mrr_by_currency": written(amounts), "incomplete": []}
        for client, amounts in account.worth().items()
    ]


async def test_equal_figures_compare_equal(account: DemoAccount) -> None:
    api = ScriptedApi(records_of(account), {"by_currency": total(account.worth())})
    comparison = await compare(api, account)
    assert comparison.is_equal
    assert comparison.clients == len(account.worth()) > 5


async def test_one_wrong_cent_a_missing_client_and_a_wrong_total_are_found(account: DemoAccount) -> None:
    records = records_of(account)
    wrong, missing = records[0]["client"], records.pop()["client"]
    records[0]["mrr_by_currency"] = {"usd": "0.01"}
    records.append({"client": "customer:cus_nobody", "mrr_by_currency": {"usd": "5.00"}, "incomplete": []})
    comparison = await compare(ScriptedApi(records, {"amount": "1.00", "currency": "usd"}), account)
    assert {one.client for one in comparison.differences} == {wrong, missing, "customer:cus_nobody", "total"}
    assert comparison.fields()["equal"] is False


def test_the_same_seed_plays_the_same_lives() -> None:
    played = []
    for _ in range(2):
        account = DemoAccount(seed=5, customers=5, days=20)
        account.play_history()
        played.append([event["type"] for event in account.news()])
    assert played[0] == played[1]
    assert len(played[0]) > 20


@pytest.mark.stack
async def test_demo_check_agrees_with_the_recomputation_and_exits_0(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.cli.main", "demo", "--check", "--json", "--customers", "30"),
        env={**os.environ, "REVSTREAM_HOME": str(tmp_path)},
        stdout=-1,
    )
    output, _ = await process.communicate()
    told = [json.loads(line) for line in output.splitlines()]
    [compared] = [line for line in told if line["event"] == "compared"]
    assert compared["differences"] == []
    assert compared["api"] == compared["recomputed"] != {}
    assert process.returncode == 0
    assert told[-1] == {"event": "stopped"}
