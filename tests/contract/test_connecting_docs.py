"""docs/connecting-stripe.md names exactly the permissions that are tried, and only events that are taken."""

import re
from pathlib import Path

from libs.stripe_gateway.permissions import INDISPENSABLE, NEEDED_FOR
from libs.wire.stripe_event import Kind, is_published, kind_of
from services.ingest.webhook import DEAUTHORIZED

TEXT = (Path(__file__).parents[2] / "docs" / "connecting-stripe.md").read_text()
EVENT = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)+\b")


def events() -> list[str]:
    """The events in the two blocks of the chapter on webhooks."""
    chapter = TEXT.partition("## Webhooks")[2].partition("## Is it well?")[0]
    return [name for block in re.findall(r"```\n(.*?)```", chapter, re.DOTALL) for name in EVENT.findall(block)]


def test_permissions_are_those_that_are_tried() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| (refused|connects)", TEXT, re.MULTILINE))
    assert set(rows) == set(NEEDED_FOR)
    assert {name for name, without in rows.items() if without == "refused"} == INDISPENSABLE


def test_events_are_all_taken_and_of_every_kind_that_matters() -> None:
    named = events()
    assert len(named) == len(set(named))
    assert [name for name in named if not is_published(name) and name != DEAUTHORIZED] == []
    not_asked_for = {Kind.SCHEDULE, Kind.CREDIT_NOTE}  # nothing is computed from them
    assert {kind_of(name) for name in named} - {None} == set(Kind) - not_asked_for


def test_codes_of_the_status_are_all_explained() -> None:
    sources = ("services/api/connection_errors.py", "services/ingest/accounts.py", "services/ingest/faults.py")
    root = Path(__file__).parents[2]
    told = "\n".join((root / source).read_text() for source in sources)
    codes = set(re.findall(r'"((?:key|access|platform|permission|webhook|stripe|sync)_[a-z_]+)"', told))
    shown = {code for code in codes if code not in {"stripe_request_id", "stripe_rejected"}}
    assert {code for code in shown if f"`{code}`" not in TEXT} == set()
