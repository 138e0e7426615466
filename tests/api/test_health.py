"""Health of clients over HTTP, and what a project sets of it and of risk."""

from typing import Any

import pytest

from libs.wire.records import HealthPartTold, HealthRecord
from libs.wire.topics import CLIENT_HEALTH
from services.api.queries import settings as queries
from services.api.read_model.projection import Delivered
from tests.api.builders import NOW, PROJECT, client_delivery, client_record, delivered
from tests.api.calling import Api, FakeSettingsTopic

Json = dict[str, Any]
SETTINGS = "/api/integrations/stripe/settings"
EVENLY = {"revenue_tier": 25, "payment_health": 25, "subscription_trend": 25, "signals": 25}


def health(client: str, score: int) -> Delivered:
    part = HealthPartTold("revenue_tier", 20, score, "tier 1 of 3")
    record = HealthRecord(
        project=PROJECT, client=client, livemode=True, score=score, parts=(part,), open_signals=0, as_of=NOW
    )
    return delivered(record, CLIENT_HEALTH.name)


async def test_a_client_shows_its_health_with_every_part(api: Api) -> None:
    await api.holds(client_delivery(client_record("acme")), health("acme", 40), health("acme", 72))
    told = (await api.get("/api/clients/acme")).field("health")
    assert told == {
        "score": 72,
        "parts": [{"name": "revenue_tier", "weight": 20, "value": 72, "why": "tier 1 of 3"}],
    }


@pytest.mark.parametrize(("sort", "order"), [("health", "cab"), ("-health", "bac")])
async def test_clients_are_listed_by_health_page_by_page(api: Api, sort: str, order: str) -> None:
    await api.holds(*(client_delivery(client_record(name)) for name in "abc"), health("a", 9), health("b", 80))
    seen, cursor = "", ""
    for _ in range(3):
        page = await api.get(f"/api/clients?sort={sort}&limit=1{cursor}")
        seen += page.field("data")[0]["client"]
        cursor = f"&cursor={page.field('next_cursor')}"
    assert seen == order


async def test_settings_of_risk_and_health_are_kept_shown_and_published(
    api: Api, settings_topic: FakeSettingsTopic
) -> None:
    change: Json = {"risk": {"off": ["downgrade"], "large_mrr": 5}, "health": {"weights": EVENLY}}
    changed = await api.patch(SETTINGS, change)
    assert (changed.field("risk", "off"), changed.field("risk", "large_mrr")) == (["downgrade"], 5)
    assert changed.field("risk", "watch_card_expiry") is False
    assert changed.field("health", "weights") == EVENLY
    again = await api.patch(SETTINGS, {"risk": {"off": None, "escalate_after_hours": None}})
    assert (again.field("risk", "off"), again.field("risk", "escalate_after_hours")) == ([], None)
    assert settings_topic.published[-1].risk == {"large_mrr": 5, "escalate_after_hours": None}
    assert settings_topic.published[-1].health == {"weights": EVENLY}
    async with api.parts.database.every_project() as connection:
        await connection.execute("UPDATE project_settings SET published_version = 0")
        assert await queries.unpublished(connection) == [settings_topic.published[-1]]


BAD: dict[str, tuple[Json, str]] = {
    "an unknown rule": ({"risk": {"off": ["rain"]}}, "risk.off"),
    "an unknown option": ({"risk": {"rain": 1}}, "risk.rain"),
    "a negative time": ({"risk": {"cooldown_hours": -1}}, "risk.cooldown_hours"),
    "a share above 1": ({"risk": {"downgrade_share": "1.5"}}, "risk.downgrade_share"),
    "no switch": ({"risk": {"watch_card_expiry": "yes"}}, "risk.watch_card_expiry"),
    "weights of 99": ({"health": {"weights": EVENLY | {"signals": 24}}}, "health.weights"),
    "a weight is missing": ({"health": {"weights": {"signals": 100}}}, "health.weights"),
    "tiers that fall": ({"health": {"revenue_tiers": [5, 1]}}, "health.revenue_tiers"),
}


@pytest.mark.parametrize(("change", "field"), BAD.values(), ids=BAD.keys())
async def test_a_bad_setting_is_refused_by_its_name(api: Api, change: Json, field: str) -> None:
    refused = await api.patch(SETTINGS, change)
    assert (refused.status, refused.field("errors")[0]["field"]) == (400, field)
    assert (await api.get(SETTINGS)).field("version") == 0
