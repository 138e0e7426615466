"""A signal as every answer, event and delivery shows it."""

import msgspec

from libs.wire.records import SignalRecord


def signal_content(record: SignalRecord) -> dict[str, object]:
    """A signal as the contract shows it."""
    content: dict[str, object] = msgspec.to_builtins(record)
    del content["schema_version"]
    return content | {"mrr_at_risk": _money(record.mrr_at_risk), "amount_due": _money(record.amount_due)}


def _money(amounts: dict[str, str] | None) -> dict[str, object] | None:
    """One amount as a money object, several side by side, none as null."""
    if not amounts:
        return None
    if len(amounts) == 1:
        ((currency, amount),) = amounts.items()
        return {"amount": amount, "currency": currency}
    return {"by_currency": amounts}
