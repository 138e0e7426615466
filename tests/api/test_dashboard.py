"""The dashboard's files and its session: who may look, and what another site's page can't do."""

import gzip
import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.api.dashboard.files import FOLDER
from services.api.dashboard.pages import PAGES
from services.api.dashboard.session import COOKIE, MARK
from services.api.packing import pack
from tests.api.calling import Answer, Api

OURS = {MARK: "1", "Sec-Fetch-Site": "same-origin"}


async def signed_in(api: Api) -> str:
    """The cookie of somebody who has signed in with the API's key."""
    answer = await api.with_key(None).call("POST", "/session", json={"key": api.key}, headers=OURS)
    assert answer.status == 200
    return str(answer.headers["Set-Cookie"])


async def asked(api: Api, method: str, path: str, cookie: str, **options: object) -> Answer:
    headers = {"Cookie": cookie.partition(";")[0], **(options.pop("headers", None) or {})}  # type: ignore[dict-item]
    return await api.with_key(None).call(method, path, headers=headers, **options)


@pytest.mark.parametrize("page", [page.replace("{client}", "customer%3Acus_1") for page in PAGES])
async def test_every_page_is_the_shell_and_runs_nothing_from_elsewhere(api: Api, page: str) -> None:
    answer = await api.with_key(None).call("GET", page)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_files_are_packed_told_apart_and_not_sent_twice(api: Api) -> None:
    plain = await api.call("GET", "/static/app.css", headers={"Accept-Encoding": "identity"})
    assert plain.content == (FOLDER / "app.css").read_bytes()
    again = await api.call("GET", "/static/app.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2


async def test_what_a_page_loads_is_kept_for_ever_under_the_address_that_names_its_version(api: Api) -> None:
    page = (await api.with_key(None).call("GET", "/")).content.decode()
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert {each.rpartition("/")[2] for each in loaded} >= {"app.css", "main.js", "overview.js", "charts.js"}
    for address in loaded:
        answer = await api.call("GET", address)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    version = loaded[0].split("/")[2]
    of_before = await api.call("GET", f"/static/{'0' * len(version)}/app.css")
    assert (of_before.status, of_before.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    ("body", "kind", "accepts", "is_packed"),
    [
        (b"1" * 5000, "application/json", "gzip, deflate", True),
        (b"1" * 5000, "application/problem+json", "gzip", True),
        (b"1" * 5000, "application/json", "identity", False),
        (b"1" * 100, "application/json", "gzip", False),
        (b"1" * 5000, "text/html", "gzip", False),
    ],
    ids=["long", "a long problem", "who can't unpack", "short", "another kind"],
)
def test_long_answers_are_packed_for_those_who_can_unpack_them(
    body: bytes, kind: str, accepts: str, is_packed: bool
) -> None:
    response = web.Response(body=body, content_type=kind)
    pack(make_mocked_request("GET", "/", headers={"Accept-Encoding": accepts}), response)
    assert response.compression is is_packed


@pytest.mark.parametrize("path", ["nothing.js", "../files.py", "..%2ffiles.py", "%2e%2e/pages.py", "js"])
async def test_only_the_dashboards_own_files_are_served(api: Api, path: str) -> None:
    answer = await api.call("GET", f"/static/{path}")
    assert (answer.status, answer.field("code")) == (404, "not_found")


async def test_a_key_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(api: Api) -> None:
    cookie = await signed_in(api)
    assert cookie.startswith(f"{COOKIE}={api.key};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    https = await api.with_key(None).call(
        "POST", "/session", json={"key": api.key}, headers={**OURS, "X-Forwarded-Proto": "https"}
    )
    assert "Secure" in https.headers["Set-Cookie"]


async def test_the_cookie_reads_and_tells_who_looks(api: Api) -> None:
    cookie = await signed_in(api)
    assert (await asked(api, "GET", "/api/metrics", cookie)).status == 200
    who = await asked(api, "GET", "/session", cookie)
    assert who.content == {"project": "acme", "scopes": ["admin", "alerts", "read", "sync"]}


async def test_leaving_takes_the_cookie_back(api: Api) -> None:
    cookie = await signed_in(api)
    answer = await asked(api, "DELETE", "/session", cookie, headers=OURS)
    assert answer.status == 204
    assert re.match(f'{COOKIE}="?"?;', answer.headers["Set-Cookie"])
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "headers",
    [{}, {MARK: "1", "Sec-Fetch-Site": "cross-site"}, {MARK: "1", "Sec-Fetch-Site": "same-site"}],
    ids=["no mark", "another site", "a neighbour"],
)
async def test_a_foreign_page_changes_nothing_with_the_cookie(api: Api, headers: dict[str, str]) -> None:
    cookie = await signed_in(api)
    answer = await asked(api, "POST", "/api/keys", cookie, headers=headers, json={"label": "x", "scopes": ["read"]})
    assert (answer.status, answer.field("code")) == (403, "foreign_page")
    assert (await asked(api, "DELETE", "/session", cookie, headers=headers)).status == 403
    login = await api.with_key(None).call("POST", "/session", json={"key": api.key}, headers=headers)
    assert (login.status, login.field("code")) == (403, "foreign_page")


async def test_the_dashboard_itself_may_change(api: Api) -> None:
    cookie = await signed_in(api)
    answer = await asked(api, "POST", "/api/keys", cookie, headers=OURS, json={"label": "x", "scopes": ["read"]})
    assert answer.status == 201


@pytest.mark.parametrize("key", ["", "rsk_wrong", "x" * 300])
async def test_a_key_that_is_none_is_401_and_sets_nothing(api: Api, key: str) -> None:
    answer = await api.with_key(None).call("POST", "/session", json={"key": key}, headers=OURS)
    assert (answer.status, answer.field("code")) == (401, "unauthorized")
    assert "Set-Cookie" not in answer.headers


def scripts() -> list[Path]:
    return sorted(FOLDER.rglob("*.js"))


@pytest.mark.parametrize("path", [path for path in scripts() if "vendor" not in path.parts], ids=lambda path: path.name)
def test_our_scripts_ask_no_other_host_and_make_no_markup_from_text(path: Path) -> None:
    script = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://[a-z]", script)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)
