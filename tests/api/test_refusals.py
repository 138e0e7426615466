"""Whoever asks wrongly gets a problem with the right status, and never learns what others have."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import asyncpg
import pytest
from prometheus_client import REGISTRY

from deploy.ports import free_port
from libs.runtime.health import Readiness
from libs.runtime.postgres import PoolLimits, pool
from services.api.access import Access
from services.api.asked import MOST_BODY_BYTES, Parts
from services.api.database import Database
from services.api.edge import Address, EdgeLimits, site
from services.api.site import application
from tests.api.builders import (
    client_delivery,
    client_record,
    event_delivery,
    stripe_record,
)
from tests.api.calling import Api, is_problem

SECRETS = "/api/integrations/stripe/webhook-secrets"
SETTINGS = "/api/integrations/stripe/settings"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        pytest.param("/api/clients?limit=0", "limit", id="too few"),
        pytest.param("/api/clients?limit=201", "limit", id="too many"),
        pytest.param("/api/clients?limit=x", "limit", id="no number"),
        pytest.param("/api/clients?limit=1&limit=2", "limit", id="twice"),
        pytest.param("/api/clients?sort=age", "sort", id="unknown sort"),
        pytest.param("/api/clients?status=gone", "status", id="unknown status"),
        pytest.param("/api/clients?min_mrr=-1", "min_mrr", id="a negative amount"),
        pytest.param("/api/clients?min_mrr=NaN", "min_mrr", id="not a number"),
        pytest.param("/api/clients?min_mrr=1e9", "min_mrr", id="an exponent"),
        pytest.param("/api/clients?at_risk=perhaps", "at_risk", id="neither true nor false"),
        pytest.param("/api/clients?q=", "q", id="no words"),
        pytest.param("/api/clients?q=a%00b", "q", id="U+0000"),
        pytest.param(f"/api/clients?q={'x' * 201}", "q", id="too many words"),
        pytest.param("/api/clients?colour=red", "colour", id="an unknown parameter"),
        pytest.param("/api/clients?cursor=abc", "cursor", id="no cursor"),
        pytest.param("/api/clients?cursor=%C3%A4", "cursor", id="no base64"),
        pytest.param("/api/metrics?from=yesterday", "from", id="no date"),
        pytest.param("/api/metrics?from=2026-02-30", "from", id="no day"),
        pytest.param("/api/metrics?from=2026-02-02&to=2026-02-01", "from", id="the end before the beginning"),
        pytest.param("/api/metrics?to=9999-12-31", "to", id="the end of time"),
        pytest.param("/api/metrics?to=0001-01-01", "to", id="the beginning of time"),
        pytest.param("/api/metrics?mode=both", "mode", id="both modes"),
        pytest.param("/api/renewals?from=9999-12-31", "from", id="nothing renews after the end of time"),
        pytest.param("/api/mrr/explain", "client", id="whose"),
        pytest.param("/api/mrr/explain?client=x&at=now", "at", id="no instant"),
        pytest.param("/api/mrr/explain?client=x&at=2026-01-01T00:00:00", "at", id="no time zone"),
        pytest.param("/api/alerts?severity=huge", "severity", id="unknown severity"),
        pytest.param("/api/keys?limit=5", "limit", id="a parameter where there is none"),
    ],
)
async def test_a_wrong_query_is_told_by_its_field(api: Api, path: str, field: str) -> None:
    answer = await api.get(path)
    assert is_problem(answer, 400, "invalid_query")
    assert [error["field"] for error in answer.field("errors")] == [field]


@pytest.mark.parametrize(
    "path",
    ["/api/clients/a%00b", "/api/clients/%00/timeline", "/api/alerts/%00", "/api/customers/%00/client"],
)
async def test_an_id_that_nothing_can_have_is_not_found(api: Api, path: str) -> None:
    assert is_problem(await api.get(path), 404, "not_found")
    assert is_problem(await api.call("DELETE", "/api/keys/%00"), 404, "not_found")


async def test_the_ends_of_the_calendar_are_no_fault_of_ours(api: Api) -> None:
    await api.holds(client_delivery(client_record()), event_delivery(stripe_record()))
    late = await api.get("/api/mrr/explain?client=customer:cus_1&at=9999-12-31T23:59:59Z")
    assert is_problem(late, 400, "invalid_query")
    early = await api.get("/api/mrr/waterfall?segment=growth&from=0001-01-01&to=0001-01-02")
    assert early.status == 200


async def test_all_wrong_fields_are_told_at_once(api: Api) -> None:
    answer = await api.get("/api/clients?limit=0&sort=x&colour=red")
    assert {error["field"] for error in answer.field("errors")} == {"limit", "sort", "colour"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        pytest.param("POST", "/api/keys", b"{}", "body", id="nothing in it"),
        pytest.param("POST", "/api/keys", b"", "body", id="empty"),
        pytest.param("POST", "/api/keys", b"[]", "body", id="an array"),
        pytest.param("POST", "/api/keys", b"\xff", "body", id="no UTF-8"),
        pytest.param("POST", "/api/keys", b"[" * 5000, "body", id="deep"),
        pytest.param("POST", "/api/keys", b'{"scopes": []}', "scopes", id="no scope"),
        pytest.param("POST", "/api/keys", b'{"scopes": ["root"]}', "scopes[0]", id="unknown scope"),
        pytest.param("POST", "/api/keys", b'{"scopes": ["read"], "label": ""}', "label", id="empty label"),
        pytest.param("POST", "/api/keys", b'{"scopes": ["read"], "label": "a\\u0000"}', "label", id="U+0000"),
        pytest.param("POST", "/api/keys", b'{"scopes": ["read"], "x": 1}', "body", id="unknown field"),
        pytest.param(
            "POST", "/api/keys", b'{"scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}', "expires_at", id="dead"
        ),
        pytest.param(
            "POST",
            "/api/keys",
            b'{"scopes": ["read"], "expires_at": "9999-12-31T23:00:00-12:00"}',
            "expires_at",
            id="beyond the calendar",
        ),
        pytest.param("POST", SECRETS, b'{"secret": "sk_live_1234567890"}', "secret", id="no signing secret"),
        pytest.param("POST", SECRETS, b'{"secret": 5}', "secret", id="a number"),
        pytest.param("PATCH", SETTINGS, b'{"preset": "excel"}', "preset", id="unknown preset"),
        pytest.param("PATCH", SETTINGS, b'{"policy": {"magic": 1}}', "policy.magic", id="unknown option"),
        pytest.param(
            "PATCH", SETTINGS, b'{"policy": {"include_trials": "yes"}}', "policy.include_trials", id="wrong value"
        ),
        pytest.param("PATCH", SETTINGS, b'{"timezone": "Mars/Olympus"}', "policy.timezone", id="no time zone"),
        pytest.param("PATCH", SETTINGS, b'{"timezone": "a\\u0000"}', "policy.timezone", id="U+0000 in a zone"),
        pytest.param("POST", "/api/projects", b'{"name": "x", "project": "a/b"}', "project", id="a slash"),
        pytest.param(
            "PATCH", SETTINGS, b'{"mapping": {"metadata_key": "a\\u0000"}}', "body", id="U+0000 that is found out late"
        ),
        pytest.param(
            "POST",
            "/api/webhook-endpoints",
            b'{"url": "https://93.184.216.34/x", "description": "a\\u0000"}',
            "body",
            id="U+0000 in a description",
        ),
    ],
)
async def test_a_wrong_body_is_told_by_its_field(api: Api, method: str, path: str, body: bytes, field: str) -> None:
    answer = await api.call(method, path, data=body, headers={"Content-Type": "application/json"})
    assert is_problem(answer, 400, "invalid_body")
    assert [error["field"] for error in answer.field("errors")] == [field]


@pytest.mark.parametrize(
    ("headers", "size", "status", "code"),
    [
        pytest.param({"Content-Type": "text/plain"}, 2, 415, "content_type_not_supported", id="no JSON"),
        pytest.param({"Content-Encoding": "gzip"}, 2, 415, "encoding_not_supported", id="packed"),
        pytest.param({}, MOST_BODY_BYTES + 1, 413, "body_too_large", id="too large"),
        pytest.param({"Expect": "miracles"}, 2, 417, "expectation_failed", id="expects what nobody knows"),
    ],
)
async def test_bodies_of_the_wrong_kind_are_refused(
    api: Api, headers: dict[str, str], size: int, status: int, code: str
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    answer = await api.call("POST", "/api/keys", data=b" " * size, headers=sent)
    assert is_problem(answer, status, code)


async def test_a_body_without_a_length_is_cut_off_at_the_limit(api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (MOST_BODY_BYTES // 10)

    answer = await api.call("POST", "/api/keys", data=endless(), headers={"Content-Type": "application/json"})
    assert is_problem(answer, 413, "body_too_large")


async def test_an_unknown_address_is_404_and_a_wrong_method_405(api: Api) -> None:
    assert is_problem(await api.get("/api/nothing"), 404, "not_found")
    assert is_problem(await api.with_key(None).get("/nothing"), 404, "not_found")
    answer = await api.call("PUT", "/api/metrics", json={})
    assert is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_head_is_answered_like_get_without_the_body(api: Api) -> None:
    answer = await api.call("HEAD", "/api/metrics")
    assert (answer.status, answer.content) == (200, b"")
    assert "ETag" in answer.headers


async def test_broken_http_is_a_problem_too(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(b"GET /api/metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b" 400 Bad Request" in answer.partition(b"\r\n")[0]
    assert b"application/problem+json" in answer
    assert b"aiohttp" not in answer


async def test_headers_that_never_end_are_cut_off(opened: Database, api: Api) -> None:
    app = application(api.parts, Readiness())
    async with site(app, Address("127.0.0.1", free_port()), EdgeLimits(header_seconds=0.2)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_postgresql_away_is_503_and_never_500(api: Api, migrated: str) -> None:
    nowhere = migrated.partition("?")[0].replace("postgresql://", "postgresql://x@127.0.0.1:9/")
    async with pool("postgresql://x@127.0.0.1:9/none", "test", PoolLimits(connect_seconds=1)) as connections:
        away = Database(connections)
        parts = Parts(away, Access(away), api.parts.cursors, api.parts.keyring, api.parts.settings)
        async with site(application(parts, Readiness()), Address("127.0.0.1", free_port())) as port:
            answer = await Api(f"http://127.0.0.1:{port}", api.session, api.key, nowhere, parts).get("/api/metrics")
    assert is_problem(answer, 503, "not_now")
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_bug_is_a_500_that_tells_nothing(api: Api, migrated: str) -> None:
    connection = await asyncpg.connect(migrated)
    await api.holds(client_delivery(client_record()))
    await connection.execute("UPDATE clients SET record = 'no record'")
    await connection.close()
    answer = await api.get("/api/clients/customer:cus_1")
    assert is_problem(answer, 500, "internal_error")
    assert "Traceback" not in json.dumps(answer.content)


async def test_requests_are_measured_by_route_not_by_id(api: Api) -> None:
    await api.get("/api/clients/nobody")
    labels = {"method": "GET", "route": "/api/clients/{client}", "status": "404"}
    assert REGISTRY.get_sample_value("revstream_api_request_seconds_count", labels)


async def test_health_and_metrics_need_no_key(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await api.with_key(None).get(path)).status == 200
    async with aiohttp.ClientSession() as session, session.get(f"{api.url}/metrics") as page:
        assert "revstream_api_request_seconds" in await page.text()
