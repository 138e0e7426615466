"""A check: one comparison of two sides."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What of the system is compared with what; the words for the two sides are in `SIDES`."""

    LEDGER = "ledger"
    MODEL = "read model"
    MRR = "mrr"


SIDES = {
    Part.LEDGER: ("the ledger", "it should be"),
    Part.MODEL: ("the read model", "the topics"),
    Part.MRR: ("the system", "SQL over Stripe's objects"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """`differences`: a query with a row for each difference: livemode, client, customer, subscription, about, told
    (what the first side says), found (what the second says). `seen`: a query for how many were compared."""

    name: str
    part: Part
    differences: str
    seen: str
