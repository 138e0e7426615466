"""Keys, projects, webhook secrets and settings: what people set, and who is told."""

import asyncio

import asyncpg
import pytest

from libs.domain.policy import PRESETS
from libs.runtime.crypto import Sealed, webhook_secret_place
from services.api.queries import settings as queries
from services.api.settings_topic import publish_missing
from tests.api.calling import Api, FakeSettingsTopic, is_problem

SECRETS = "/api/integrations/stripe/webhook-secrets"
SETTINGS = "/api/integrations/stripe/settings"


async def test_a_key_is_shown_once_and_listed_without_itself(api: Api) -> None:
    made = await api.post("/api/keys", {"label": "dashboard", "scopes": ["read", "alerts"]})
    assert made.status == 201
    assert made.field("key").startswith(made.field("prefix"))
    listed = await api.get("/api/keys")
    assert made.field("key") not in str(listed.content)
    found = {each["id"]: each for each in listed.field("data")}[made.field("id")]
    assert (found["label"], found["scopes"], found["last_used_at"]) == ("dashboard", ["read", "alerts"], None)
    assert (await api.with_key(made.field("key")).get("/api/clients")).status == 200
    assert (await api.get("/api/keys")).field("data")[1]["last_used_at"] is not None


async def test_a_key_is_revoked_once(api: Api) -> None:
    made = await api.post("/api/keys", {"scopes": ["read"]})
    assert (await api.delete(f"/api/keys/{made.field('id')}")).status == 204
    assert is_problem(await api.delete(f"/api/keys/{made.field('id')}"), 404, "not_found")


async def test_a_new_project_comes_with_its_own_key_and_stays_apart(api: Api) -> None:
    made = await api.post("/api/projects", {"name": "Beta Inc."})
    assert made.status == 201
    theirs = api.with_key(made.field("key"))
    assert [each["name"] for each in (await theirs.get("/api/projects")).field("data")] == ["Beta Inc."]
    assert [each["project"] for each in (await api.get("/api/projects")).field("data")] == ["acme"]
    named = await api.post("/api/projects", {"name": "Gamma", "project": "gamma"})
    assert named.field("project") == "gamma"
    again = await api.post("/api/projects", {"name": "Gamma", "project": "gamma"})
    assert is_problem(again, 409, "project_exists")


async def test_a_secret_is_sealed_for_its_row_and_ingest_is_told(api: Api, migrated: str) -> None:
    heard: list[object] = []
    connection = await asyncpg.connect(migrated)
    await connection.add_listener("revstream_connections", lambda *news: heard.append(news[-1]))
    made = await api.post(SECRETS, {"secret": "whsec_abcdefgh1234"})
    assert (made.status, made.field("hint")) == (201, "whsec_…1234")
    row = await connection.fetchrow("SELECT id, secret, key_id FROM webhook_secrets")
    assert row is not None
    assert b"whsec_" not in row["secret"]
    sealed = Sealed(row["key_id"], row["secret"])
    assert api.parts.keyring.decrypt(sealed, webhook_secret_place("acme", row["id"])) == b"whsec_abcdefgh1234"
    assert (await api.delete(f"{SECRETS}/{made.field('id')}")).status == 204
    assert await connection.fetchval("SELECT secret FROM webhook_secrets") == b""
    await connection.close()
    assert heard == ["acme", "acme"]
    assert (await api.get(SECRETS)).field("data") == []


async def test_several_secrets_live_at_once(api: Api) -> None:
    for secret in ("whsec_abcdefgh1", "whsec_abcdefgh2"):
        assert (await api.post(SECRETS, {"secret": secret})).status == 201
    hints = [each["hint"] for each in (await api.get(SECRETS)).field("data")]
    assert hints == ["whsec_…fgh1", "whsec_…fgh2"]


async def test_settings_start_as_the_default_and_change_by_version(api: Api, settings_topic: FakeSettingsTopic) -> None:
    before = await api.get(SETTINGS)
    assert (before.field("version"), before.field("preset")) == (0, "default")
    assert before.field("policy", "day_factor") == "365/12"
    changed = await api.patch(SETTINGS, {"preset": "chartmogul", "policy": {"include_trials": True}})
    assert (changed.status, changed.field("version")) == (200, 1)
    assert changed.field("policy", "include_trials") is True
    assert changed.field("policy", "movement_grouping_minutes") == 60
    again = await api.patch(SETTINGS, {"policy": {"include_trials": None, "late_window_days": None}})
    assert again.field("options") == {"late_window_days": None}
    assert (again.field("version"), again.field("preset")) == (2, "chartmogul")
    assert [(record.version, record.preset, record.policy) for record in settings_topic.published] == [
        (1, "chartmogul", {"include_trials": True}),
        (2, "chartmogul", {"late_window_days": None}),
    ]
    assert (await api.get(SETTINGS)).content == again.content


@pytest.mark.parametrize("preset", PRESETS)
async def test_every_preset_can_be_set(api: Api, preset: str) -> None:
    assert (await api.patch(SETTINGS, {"policy": {"preset": preset}})).field("preset") == preset


async def test_changes_at_once_are_changes_one_after_the_other(api: Api, settings_topic: FakeSettingsTopic) -> None:
    answers = await asyncio.gather(
        *(api.patch(SETTINGS, {"policy": {"reactivation_window_days": n}}) for n in range(8))
    )
    assert {answer.status for answer in answers} == {200}
    assert sorted(record.version for record in settings_topic.published) == list(range(1, 9))


async def test_settings_wait_for_kafka_and_are_published_when_it_is_back(
    api: Api, settings_topic: FakeSettingsTopic
) -> None:
    settings_topic.is_away = True
    assert is_problem(await api.patch(SETTINGS, {"preset": "stripe"}), 503, "not_now")
    settings_topic.is_away = False
    assert await publish_missing(api.parts.database, settings_topic) == 1
    assert [record.preset for record in settings_topic.published] == ["stripe"]
    assert await publish_missing(api.parts.database, settings_topic) == 0
    async with api.parts.database.every_project() as connection:
        assert await queries.unpublished(connection) == []


async def test_mapping_and_retention_are_settings(api: Api, settings_topic: FakeSettingsTopic) -> None:
    before = await api.get(SETTINGS)
    assert before.field("mapping") == {"metadata_key": "client_id", "free_domains": [], "own_domains": []}
    assert before.field("retention_tier") == "unlimited"
    body = {"mapping": {"metadata_key": "account", "own_domains": ["GMX.de"]}, "retention_tier": "30_days"}
    changed = await api.patch(SETTINGS, body)
    assert changed.field("mapping") == {"metadata_key": "account", "free_domains": [], "own_domains": ["gmx.de"]}
    assert changed.field("retention_tier") == "30_days"
    (record,) = settings_topic.published
    assert (record.mapping.metadata_key, record.mapping.own_domains) == ("account", ("gmx.de",))
    assert (await api.patch(SETTINGS, {"preset": "stripe"})).field("mapping") == changed.field("mapping")
    wrong = await api.patch(SETTINGS, {"mapping": {"free_domains": ["acme.com", "com"]}})
    assert is_problem(wrong, 400, "invalid_body")
    assert wrong.field("errors")[0]["field"] == "mapping.free_domains[1]"
    assert is_problem(await api.patch(SETTINGS, {"retention_tier": "7_days"}), 400, "invalid_body")
