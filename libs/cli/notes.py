"""What people should know of an answer, in words: what could not be computed, and what was assumed."""

from collections.abc import Iterator

from libs.cli.account import Account
from libs.domain.identity import Currency, CustomerId
from libs.domain.mapping import Match

GAPS = {
    "items": "its list of items was cut: give all of them",
    "tiers": "the tiers of this price are not known: expand them, or give the price",
    "amount": "the amount of this price is not known",
    "currency": "this price has no amount in the subscription's currency",
    "usage": "the usage of this metered price is not known: it counts as 0",
    "coupon": "the terms of this coupon are not known: expand it, or give the coupon",
    "discount": "which coupon this discount is of is not known: expand it, or give the discount",
    "coupon_currency": "this coupon takes no amount off in the subscription's currency",
    "product": "the product of this price is not known, and a coupon is for some products only",
}
ASSUMPTIONS = {
    "past_due_since": "since when it is past due is not known",
    "tax_rate": "the price contains tax of an unknown rate: counted in full",
}


def notes_of(account: Account) -> Iterator[str]:
    """What could not be computed or was assumed, subscription by subscription."""
    for one in account.customers:
        for share in one.shares:
            yield from (f"{share.mrr.subscription} is incomplete: {worded(gap, GAPS)}" for gap in share.mrr.gaps)
            yield from (f"{share.mrr.subscription}: {worded(note, ASSUMPTIONS)}" for note in share.mrr.notes)
        for subscription in one.contribution.ambiguous:
            yield f"{subscription}: two changes of one second could not be told apart"


def worded(code: str, words: dict[str, str]) -> str:
    """A code such as `tiers:price_1` with what it means."""
    meaning = words.get(code.partition(":")[0])
    return code if meaning is None else f"{code} ({meaning})"


def rate_note(currency: Currency, account: Account) -> str:
    """A rate that is needed and missing."""
    return f"fx: no rate of {currency} in {account.policy.base_currency} on {account.day}: no total in one currency"


def conflict_note(customer: CustomerId, match: Match) -> str:
    """A customer that several clients claim equally strongly."""
    return f"{customer} is claimed by {' and '.join(match.conflicts)} alike; it counts for {match.client}"
