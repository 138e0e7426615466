"""The documents' examples are run: what a page says that a scenario gives, `simulate` gives."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.cli.scenario import read_scenario
from libs.cli.simulation import simulate

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, dict[str, object], dict[str, object]]]:
    """Each block that holds a scenario and what it gives, with where it stands."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        for found in BLOCK.finditer(text):
            block = json.loads(found[1])
            if isinstance(block, dict) and {"scenario", "gives"} <= block.keys():
                line = text.count("\n", 0, found.start()) + 1
                yield f"{page.name}:{line}", block["scenario"], block["gives"]


EXAMPLES = list(examples())


def agrees(said: object, shown: object) -> bool:
    """Whether `said` holds all that is `shown`: a page leaves out what it is not about."""
    if isinstance(shown, dict):
        return isinstance(said, dict) and all(name in said and agrees(said[name], each) for name, each in shown.items())
    if isinstance(shown, list):
        return isinstance(said, list) and len(said) == len(shown) and all(map(agrees, said, shown))
    return said == shown


@pytest.mark.parametrize(("scenario", "gives"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES])
def test_the_scenario_gives_what_the_page_says(scenario: dict[str, object], gives: dict[str, object]) -> None:
    said = simulate(read_scenario(scenario, lambda: datetime.now(UTC)))
    told = json.loads(json.dumps({name: said[name] for name in gives}))
    assert agrees(told, gives), told


def test_the_pages_have_examples() -> None:
    assert len([name for name, *_ in EXAMPLES if name.startswith("mrr.md")]) >= 25
