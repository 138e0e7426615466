"""Each subscription item of a file with what it adds to MRR, and why."""

from datetime import datetime
from fractions import Fraction

from libs.cli.account import Account
from libs.cli.notes import GAPS, worded
from libs.domain.contribution import SubscriptionShare
from libs.domain.identity import CustomerId
from libs.domain.money import shown
from libs.domain.mrr import ItemMrr
from libs.wire.contribution_codec import exact_text

Out = dict[str, object]


def explanation(account: Account) -> Out:
    """All subscriptions, ready to be written as JSON: each item's amount in major units, exact, and the reasons."""
    return {
        "as_of": _time(account.as_of),
        "subscriptions": [_subscription(one.id, share) for one in account.customers for share in one.shares],
    }


def _subscription(customer: CustomerId, share: SubscriptionShare) -> Out:
    mrr = share.mrr
    return {
        "subscription": mrr.subscription,
        "customer": customer,
        "status": share.status,
        "currency": mrr.currency,
        **_amount("mrr", mrr.amount, mrr.currency),
        "counted": mrr.counted,
        "rule": mrr.rule,
        "next_change": None if mrr.next_change is None else _time(mrr.next_change),
        "gaps": [worded(gap, GAPS) for gap in mrr.gaps],
        "notes": list(mrr.notes),
        "items": [_item(item, mrr.currency) for item in mrr.items],
    }


def _item(item: ItemMrr, currency: str) -> Out:
    return {
        "item": item.item,
        "price": item.price,
        "product": item.product,
        "interval": item.interval,
        "interval_count": item.interval_count,
        "quantity": item.quantity,
        "gross": shown(item.gross, currency),
        "discount": shown(item.discount, currency),
        **_amount("mrr", item.amount, currency),
        "rule": item.rule,
        "why": list(item.why),
    }


def _amount(name: str, amount: Fraction, currency: str) -> Out:
    return {name: shown(amount, currency), "exact": exact_text(amount)}


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
