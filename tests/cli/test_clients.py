"""`revstream clients`: a file in, with what is wrong in it, and the directory out."""

from pathlib import Path
from typing import Any

from tests.cli.scripted_api import KEY, scripted_api

IMPORT = "POST /api/clients/import"
PROGRESS = "GET /api/clients/imports/imp_1"


def run(state: str, **changes: Any) -> dict[str, Any]:
    counts = {"rows": 2, "stored": 1, "unchanged": 0, "refused": 0, "published": 1}
    finished = None if state in ("queued", "publishing") else "2026-11-01T10:00:00Z"
    fields = {"id": "imp_1", "state": state, "dry_run": False, "errors": [], "finished_at": finished}
    return {"import": fields | counts | changes}


async def test_an_import_is_followed_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text("client,name\nacme,=1+1\n")
    progress = [(200, run("publishing")), (200, run("succeeded"))]
    async with scripted_api(**{IMPORT: [(202, run("queued"))], PROGRESS: progress}) as api:
        ended = await api.revstream("clients", "import", str(file))
    assert (ended.code, len(api.asked)) == (0, 3)
    assert api.asked[0] == (IMPORT, "client,name\nacme,=1+1\n", f"Bearer {KEY}")
    assert "succeeded: 2 rows, 1 stored, 0 unchanged, 0 refused, 1 published" in ended.output


async def test_rows_that_are_wrong_are_shown_and_end_with_1(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    file.write_text("[]")
    errors = [{"row": 3, "client": "[b]", "field": "domains[0]", "message": "is free mail"}]
    found = run("partial", refused=1, errors=errors, dry_run=True)
    async with scripted_api(**{IMPORT: [(202, found)]}) as api:
        ended = await api.revstream("clients", "import", str(file), "--dry-run")
        told = await api.revstream("clients", "import", str(file), "--dry-run", "--json")
    assert (ended.code, told.code, told.json) == (1, 1, [found["import"]])
    assert "dry run, nothing is changed" in ended.output
    for text in ("3", "[b]", "domains[0]", "is free mail"):
        assert text in ended.output


async def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    async with scripted_api() as api:
        ended = await api.revstream("clients", "import", str(tmp_path / "none.csv"))
    assert ended.code == 2
    assert "can't be read" in ended.errors


async def test_what_is_exported_runs_in_no_spreadsheet() -> None:
    entry = {"stakeholder_emails": ["a@b.co", "=c@d.co"], "domains": [], "stripe_customers": ["cus_1"]}
    clients = [{"client": "acme", "name": "=HYPERLINK(1)", "listed": True} | entry]
    unlisted = {"client": "customer:cus_2", "name": "x", "listed": False, **entry}
    page = {"data": [*clients, unlisted], "next_cursor": None}
    async with scripted_api(**{"GET /api/clients": [(200, page)]}) as api:
        ended = await api.revstream("clients", "export")
    assert ended.output.splitlines() == [
        "client,name,stakeholder_emails,domains,stripe_customers",
        "acme,'=HYPERLINK(1),a@b.co;=c@d.co,,cus_1",
    ]
