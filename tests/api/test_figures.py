"""What the API says of metrics, clients and alerts."""

from datetime import UTC, datetime
from urllib.parse import quote

import asyncpg
import pytest

from libs.runtime.api_keys import Scope
from tests.api.builders import (
    client_delivery,
    client_record,
    event_delivery,
    failed_invoice,
    signal_delivery,
    signal_record,
    stripe_record,
)
from tests.api.calling import Api

SETTINGS = "/api/integrations/stripe/settings"


async def set_standing(api: Api, as_of: datetime) -> None:
    connection = await asyncpg.connect(api.database_url)
    await connection.execute("INSERT INTO read_model_state (as_of, seen_at, lag) VALUES ($1, now(), 0)", as_of)
    await connection.close()


async def test_metrics_of_a_project_without_data_are_zero(api: Api) -> None:
    answer = await api.get("/api/metrics")
    assert answer.status == 200
    assert answer.field("metrics", "mrr") == {"by_currency": {}, "exact": {}}
    assert answer.field("metrics", "active_subscribers") == 0
    assert answer.field("livemode") is True
    assert answer.field("as_of") is None


async def test_thirds_of_a_cent_are_summed_before_they_are_rounded(api: Api) -> None:
    thirds = [client_record(f"c{n}", exact={"usd": "1000/3"}, customers=(f"cus_{n}",)) for n in range(3)]
    await api.holds(*map(client_delivery, thirds))
    answer = await api.get("/api/metrics")
    assert answer.field("metrics", "mrr") == {"amount": "10.00", "currency": "usd", "exact": "1000"}
    assert answer.field("metrics", "arr", "amount") == "120.00"
    assert answer.field("metrics", "stripe_mrr") == answer.field("metrics", "mrr")
    assert answer.field("currency") == "usd"


async def test_several_currencies_stand_side_by_side(api: Api) -> None:
    await api.holds(client_delivery(client_record(exact={"usd": "1000", "eur": "500", "jpy": "70"})))
    answer = await api.get("/api/metrics")
    assert answer.field("metrics", "mrr", "by_currency") == {"usd": "10.00", "eur": "5.00", "jpy": "70"}
    assert answer.field("currency") is None


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        pytest.param({"eur": "1.10"}, {"amount": "15.50", "currency": "usd", "exact": "1550"}, id="every rate known"),
        pytest.param(
            {},
            {
                "by_currency": {"usd": "10.00", "eur": "5.00"},
                "exact": {"usd": "1000", "eur": "500"},
                "missing_rates": ["eur"],
            },
            id="a missing rate is named",
        ),
    ],
)
async def test_a_base_currency_needs_every_rate(api: Api, rates: dict[str, str], expected: dict[str, object]) -> None:
    await api.holds(client_delivery(client_record(exact={"usd": "1000", "eur": "500"})))
    assert (await api.patch(SETTINGS, {"base_currency": "usd", "fx": rates})).status == 200
    assert (await api.get("/api/metrics")).field("metrics", "mrr") == expected


async def test_live_and_test_figures_are_never_mixed(api: Api) -> None:
    test_mode = client_record("test", livemode=False, exact={"usd": "77"}, customers=("cus_t",))
    await api.holds(client_delivery(test_mode))
    assert (await api.get("/api/metrics")).field("metrics", "mrr", "amount") == "0.77"
    await api.holds(client_delivery(client_record()))
    assert (await api.get("/api/metrics")).field("metrics", "mrr", "amount") == "10.00"
    asked = await api.get("/api/metrics?mode=test")
    assert (asked.field("livemode"), asked.field("metrics", "mrr", "amount")) == (False, "0.77")
    assert [each["client"] for each in (await api.get("/api/clients?mode=test")).field("data")] == ["test"]


async def test_customers_are_those_that_stripe_still_has(api: Api) -> None:
    gone = stripe_record("customer.deleted", {"object": "customer", "id": "cus_2"}, customer="cus_2", event_id="evt_2")
    await api.holds(client_delivery(client_record(customers=("cus_1", "cus_2", "cus_3"))), event_delivery(gone))
    answer = await api.get("/api/metrics")
    assert (answer.field("metrics", "customers"), answer.field("metrics", "stripe_customers")) == (2, 2)


async def test_failed_payments_are_those_of_the_period(api: Api) -> None:
    for day in (1, 5, 6):
        invoice = failed_invoice(1, f"in_{day}")
        record = stripe_record(
            "invoice.payment_failed", invoice, event_id=f"evt_{day}", at=datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC)
        )
        await api.holds(event_delivery(record))
    answer = await api.get("/api/metrics?from=2026-03-02&to=2026-03-05")
    assert answer.field("metrics", "failed_payments") == 1
    assert answer.field("period") == {"from": "2026-03-02", "to": "2026-03-05"}


async def test_the_default_period_is_the_trailing_thirty_days(api: Api) -> None:
    period = (await api.get("/api/metrics?to=2026-03-30")).field("period")
    assert period == {"from": "2026-03-01", "to": "2026-03-30"}


async def test_a_client_with_an_open_signal_is_at_risk_until_it_is_resolved(api: Api) -> None:
    await api.holds(client_delivery(client_record()), signal_delivery(signal_record()))
    found = await api.get("/api/clients/customer:cus_1")
    assert (found.field("status"), found.field("open_signals")) == ("at_risk", ["sig_1"])
    assert (await api.get("/api/metrics")).field("metrics", "revenue_at_risk", "amount") == "10.00"
    assert len((await api.get("/api/clients?at_risk=true")).field("data")) == 1
    await api.holds(signal_delivery(signal_record(status="resolved", minutes=1)))
    assert (await api.get("/api/clients/customer:cus_1")).field("status") == "active"
    assert (await api.get("/api/clients?at_risk=true")).field("data") == []


@pytest.mark.parametrize("client", ["a/b/c", "emoji 🦊", "100%", "a%2Fb", "customer:cus_1", "?&=#", "..", "ä\\b"])
async def test_any_client_id_can_be_asked_for(api: Api, client: str) -> None:
    await api.holds(client_delivery(client_record(client)))
    answer = await api.get(f"/api/clients/{quote(client, safe='').replace('..', '%2E%2E')}")
    assert answer.status == 200
    assert answer.field("client") == client


async def test_a_client_is_told_whole(api: Api) -> None:
    record = client_record(exact={"usd": "24999/3"}, incomplete=[("sub_cus_1", "tiers:price_1")])
    await api.holds(client_delivery(record))
    answer = await api.get("/api/clients/customer:cus_1")
    assert answer.field("mrr") == {"amount": "83.33", "currency": "usd", "exact": "8333"}
    assert answer.field("incomplete") == [{"subscription": "sub_cus_1", "reason": "tiers:price_1"}]
    assert answer.field("customers") == ["cus_1"]
    assert answer.field("as_of") == "2026-03-01T12:00:00Z"


async def many_clients(api: Api) -> None:
    amounts = {"ann": "300", "bob": "300", "cy_": "100", "dan": "0", "eve": "2000"}
    await api.holds(
        *(client_delivery(client_record(n, exact={"usd": a}, customers=(f"cus_{n}",))) for n, a in amounts.items())
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", ["eve", "bob", "ann", "cy_", "dan"], id="by MRR, the largest first"),
        pytest.param("sort=mrr", ["dan", "cy_", "ann", "bob", "eve"], id="the smallest first"),
        pytest.param("sort=name", ["ann", "bob", "cy_", "dan", "eve"], id="by name"),
        pytest.param("sort=-name", ["eve", "dan", "cy_", "bob", "ann"], id="by name backwards"),
        pytest.param("min_mrr=3", ["eve", "bob", "ann"], id="at least so much"),
        pytest.param("min_mrr=3.01", ["eve"], id="a cent more"),
        pytest.param("q=AN", ["ann"], id="what begins a word, in any case"),
        pytest.param("q=ob", [], id="not what is within one"),
        pytest.param("q=CUS%20bo", ["bob"], id="every word, and after a sign too"),
        pytest.param("q=cus_bob", ["bob"], id="a customer's id"),
        pytest.param("q=%25", [], id="a per cent sign is no wildcard"),
        pytest.param("q=c_", [], id="nor is an underscore"),
        pytest.param("q=cy_", ["cy_"], id="which is found as itself"),
        pytest.param("q=b.", [], id="nor is a dot"),
        pytest.param("status=churned", [], id="a status nobody has"),
        pytest.param("status=active&at_risk=false&sort=name", ["ann", "bob", "cy_", "dan", "eve"], id="several"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_pages_together_are_the_list(api: Api, query: str, expected: list[str], limit: int) -> None:
    await many_clients(api)
    found: list[str] = []
    cursor = ""
    while True:
        page = await api.get(f"/api/clients?{query}&limit={limit}{cursor}".replace("?&", "?"))
        found += [each["client"] for each in page.field("data")]
        if page.field("next_cursor") is None:
            break
        cursor = f"&cursor={page.field('next_cursor')}"
    assert found == expected


async def test_a_cursor_is_good_for_its_own_list_and_project_only(api: Api) -> None:
    await many_clients(api)
    other = await api.as_project("other")
    cursor = (await api.get("/api/clients?limit=1&sort=name")).field("next_cursor")
    assert (await api.get(f"/api/clients?sort=name&cursor={cursor}")).status == 200
    for caller, path in (
        (api, f"/api/clients?sort=mrr&cursor={cursor}"),
        (api, f"/api/clients?sort=name&q=a&cursor={cursor}"),
        (api, f"/api/alerts?cursor={cursor}"),
        (api, f"/api/clients?sort=name&cursor={cursor[:-2]}AA"),
        (api, "/api/clients?cursor=%00"),
        (other, f"/api/clients?sort=name&cursor={cursor}"),
    ):
        answer = await caller.get(path)
        assert (answer.status, answer.field("errors")[0]["field"]) == (400, "cursor")


async def test_the_same_figures_are_not_sent_again(api: Api) -> None:
    await api.holds(client_delivery(client_record()))
    for path in ("/api/metrics", "/api/clients", "/api/clients/customer:cus_1"):
        tag = (await api.get(path)).headers["ETag"]
        again = await api.get(path, **{"If-None-Match": f'"x", {tag}'})
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", tag)
    await api.holds(client_delivery(client_record(revision=2, exact={"usd": "1001"})))
    assert (await api.get("/api/clients", **{"If-None-Match": tag})).status == 200


async def test_answers_tell_how_old_they_are(api: Api) -> None:
    await set_standing(api, datetime(2026, 3, 1, tzinfo=UTC))
    answer = await api.get("/api/metrics")
    assert answer.field("as_of") == "2026-03-01T00:00:00Z"
    assert answer.field("freshness_seconds") > 0


async def test_alerts_are_listed_newest_first_with_their_money(api: Api) -> None:
    reader = await api.as_project("acme", Scope.READ)
    await api.holds(*(signal_delivery(signal_record(f"sig_{n}")) for n in range(3)))
    await api.holds(signal_delivery(signal_record("sig_3", status="resolved", minutes=2)))
    assert [each["id"] for each in (await reader.get("/api/alerts")).field("data")] == [
        "sig_3",
        "sig_2",
        "sig_1",
        "sig_0",
    ]
    found = await reader.get("/api/alerts?status=open&limit=2")
    assert [each["id"] for each in found.field("data")] == ["sig_2", "sig_1"]
    assert found.field("data")[0]["mrr_at_risk"] == {"amount": "10.00", "currency": "usd"}
    rest = await reader.get(f"/api/alerts?status=open&limit=2&cursor={found.field('next_cursor')}")
    assert [each["id"] for each in rest.field("data")] == ["sig_0"]
