"""Exchange rates: given one by one or as the European Central Bank's files, with day and source, published."""

from datetime import date
from fractions import Fraction

import pytest

from services.api.ecb import UnreadableRates, in_base, read_csv, read_xml
from tests.api.builders import client_delivery, client_record
from tests.api.calling import Api, FakeSettingsTopic, is_problem

PATH = "/api/fx-rates"
SETTINGS = "/api/integrations/stripe/settings"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="x"><gesmes:subject>Reference rates</gesmes:subject>
<Cube><Cube time='2026-11-20'><Cube currency='USD' rate='1.25'/><Cube currency='GBP' rate='0.8'/>
<Cube currency='XXQ' rate='3'/></Cube></Cube></gesmes:Envelope>"""
DAILY_CSV = "Date, USD, GBP, \n20 November 2026, 1.25, 0.8, \n"
HISTORY_CSV = "Date,USD,GBP,\n2026-11-20,1.25,0.8,\n2026-11-19,1.20,N/A,\n"


@pytest.mark.parametrize("told", [read_xml(XML), read_csv(DAILY_CSV)], ids=["xml", "csv"])
def test_the_banks_files_are_read(told: list[object]) -> None:
    rates = list(in_base(told, "usd", frozenset({"eur", "gbp", "usd", "jpy"})))  # type: ignore[arg-type]
    assert rates == [
        {"currency": "eur", "rate": "5/4", "date": "2026-11-20", "source": "ECB"},
        {"currency": "gbp", "rate": "25/16", "date": "2026-11-20", "source": "ECB"},
    ]


def test_a_day_without_a_currency_says_nothing_of_it() -> None:
    older = read_csv(HISTORY_CSV)[1]
    assert (older.day, older.rates) == (date(2026, 11, 19), {"usd": Fraction(6, 5)})


@pytest.mark.parametrize("text", ["", "<html></html>", "<Cube time='2026-11-20'></Cube>"])
def test_what_is_no_file_of_the_banks_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRates):
        read_xml(text)


@pytest.mark.parametrize("text", ["", "USD\n1", "Date, USD\nyesterday, 1.1", "Date, USD\n2026-11-20, -1"])
def test_what_is_no_table_of_rates_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRates):
        read_csv(text)


async def test_rates_are_stored_published_and_used(api: Api, settings_topic: FakeSettingsTopic) -> None:
    await api.holds(client_delivery(client_record(exact={"usd": "1000", "eur": "500", "gbp": "100"})))
    await api.patch(SETTINGS, {"base_currency": "usd"})
    assert (await api.get(PATH)).field("missing_rates") == ["eur", "gbp"]
    rate = {"currency": "eur", "rate": "1.10", "date": "2026-01-31", "source": "the bank"}
    answer = await api.call("PUT", PATH, json={"rates": [rate]})
    assert answer.field("rates") == [rate | {"rate": "11/10"}]
    assert answer.field("missing_rates") == ["gbp"]
    assert settings_topic.published[-1].policy["fx"] == [rate | {"rate": "11/10"}]
    mrr = (await api.get("/api/metrics")).field("metrics", "mrr")
    assert mrr["missing_rates"] == ["gbp"]


async def test_a_daily_file_adds_to_what_is_held(api: Api) -> None:
    await api.holds(client_delivery(client_record(exact={"usd": "1000", "eur": "500"})))
    await api.patch(SETTINGS, {"base_currency": "usd", "fx": {"eur": "1.10"}})
    answer = await api.call("PUT", PATH, data=XML.encode(), headers={"Content-Type": "application/xml"})
    assert answer.field("rates") == [
        {"currency": "eur", "rate": "11/10"},
        {"currency": "eur", "rate": "5/4", "date": "2026-11-20", "source": "ECB"},
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b'{"rates": [{"currency": "eur", "rate": "0"}]}', "application/json"), (b"nonsense", "text/csv"),
     (b"\xff", "application/xml"), (b'{"rates": {"xyz": "1"}}', "application/json")],
)  # fmt: skip
async def test_wrong_rates_are_named(api: Api, body: bytes, kind: str) -> None:
    await api.patch(SETTINGS, {"base_currency": "usd"})
    answer = await api.call("PUT", PATH, data=body, headers={"Content-Type": kind})
    assert answer.status == 400
    assert answer.field("errors")


async def test_a_file_needs_a_base_currency(api: Api) -> None:
    answer = await api.call("PUT", PATH, data=XML.encode(), headers={"Content-Type": "text/xml"})
    assert is_problem(answer, 400, "invalid_body")
