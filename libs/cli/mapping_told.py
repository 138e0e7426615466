"""How far customers are mapped to clients, as people read it."""

from decimal import Decimal

from libs.cli.api_client import Json


def mapped(told: Json) -> str:
    """How many customers are mapped, and how much of MRR that is where it is known; `told` is the status' `mapping`."""
    covered = "" if told["mrr_coverage"] is None else f", {Decimal(told['mrr_coverage']):.0%} of MRR"
    return f"{told['mapped']} of {told['customers']} customers{covered}"
