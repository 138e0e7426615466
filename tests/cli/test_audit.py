"""What the audit takes for a difference, and how it says so."""

from dataclasses import replace

import pytest

from libs.cli.auditing.check import Check, Part
from libs.cli.auditing.difference import Difference, Findings
from libs.cli.auditing.looks import Look
from libs.cli.auditing.report import difference_fields, sentence

CHECK = Check("MRR of subscriptions", Part.MRR, "", "")
FOUND = Difference("acme", CHECK, True, "big", "cus_1", "sub_1", "MRR", "10 usd, counts", "12 usd, counts")


def test_only_what_still_differs_is_told() -> None:
    other = replace(FOUND, subscription="sub_2")
    first = Findings({CHECK: 9}, {CHECK: 2}, [FOUND, other])
    again = Findings({CHECK: 2}, {CHECK: 1}, [replace(FOUND, told="11 usd, counts")])
    assert first.confirmed(again) == Findings({CHECK: 9}, {CHECK: 1}, [FOUND])
    assert first.confirmed(Findings({CHECK: 2}, {CHECK: 0}, [])) == Findings({CHECK: 9}, {CHECK: 0}, [])


@pytest.mark.parametrize(
    ("patience", "waits"), [(0.0, []), (0.25, [0.25]), (2.0, [0.5, 1.0, 0.5])], ids=["none", "short", "some"]
)
def test_looks_again_for_as_long_as_asked(patience: float, waits: list[float]) -> None:
    assert list(Look("acme", (), patience=patience).waits()) == waits


def test_a_difference_says_what_both_sides_say() -> None:
    said = "acme client big customer cus_1 subscription sub_1: MRR: the system says 10 usd, counts, SQL over Stripe's"
    assert sentence(FOUND) == f"{said} objects 12 usd, counts"
    assert difference_fields(FOUND)["sides"] == {
        "the system": "10 usd, counts",
        "SQL over Stripe's objects": "12 usd, counts",
    }
    assert difference_fields(replace(FOUND, livemode=False))["mode"] == "test"
