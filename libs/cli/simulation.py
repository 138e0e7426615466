"""What the system says of a scenario: the rules of the services, without Kafka or PostgreSQL."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from libs.cli.account import Account, CustomerNow, account_of
from libs.cli.notes import conflict_note, notes_of, rate_note
from libs.cli.scenario import Scenario
from libs.domain.identity import ClientId, Currency
from libs.domain.mapping import client_of
from libs.domain.money import shown
from libs.domain.totals import ZERO, Total, by_currency, in_one_currency, missing_rates

Sums = Mapping[Currency, Fraction]
Out = dict[str, object]


def simulate(scenario: Scenario) -> Out:
    """The answer to a scenario, ready to be written as JSON. Amounts are text in major units."""
    account = account_of(scenario.facts, scenario.policy, scenario.as_of)
    matches = {one.id: client_of(one.id, one.known, scenario.clients) for one in account.customers}
    clients: dict[ClientId, list[CustomerNow]] = {entry.client: [] for entry in scenario.clients}
    for one in account.customers:
        clients.setdefault(matches[one.id].client, []).append(one)
    sums = _sums(account.customers)
    return {
        "as_of": scenario.as_of.isoformat().replace("+00:00", "Z"),
        "mrr_total": _money(_total(account, sums)),
        "mrr_by_currency": _texts(sums),
        "mrr_by_client": {client: _in_words(account, _sums(clients[client]), sums) for client in sorted(clients)},
        "mrr_by_customer": {one.id: _in_words(account, _sums([one]), sums) for one in account.customers},
        **_by_subscription_and_item(account),
        **_counts(account),
        "movements": [],
        "period_summary": {},
        "metrics": _metrics(account, sums),
        "signals": [],
        "incomplete": _incomplete(account),
        "notes": [
            *scenario.notes,
            *notes_of(account),
            *(rate_note(code, account) for code in missing_rates(sums, account.policy, account.day)),
            *(conflict_note(customer, match) for customer, match in matches.items() if match.conflicts),
        ],
    }


def _sums(customers: Iterable[CustomerNow]) -> Sums:
    return by_currency(Total(share.mrr.amount, share.mrr.currency) for one in customers for share in one.shares)


def _yearly(sums: Sums) -> Sums:
    return {currency: 12 * amount for currency, amount in sums.items()}


def _total(account: Account, sums: Sums) -> Total | None:
    return in_one_currency(sums, account.policy, account.day)


def _texts(sums: Sums) -> dict[str, str]:
    return {currency: shown(amount, currency) for currency, amount in sums.items()}


def _money(total: Total | None) -> Out | None:
    return None if total is None else {"currency": total.currency, "amount": shown(total.amount, total.currency)}


def _metric(account: Account, sums: Sums) -> Out:
    return _money(_total(account, sums)) or {"by_currency": _texts(sums)}


def _metrics(account: Account, sums: Sums) -> Out:
    return {
        "mrr": _metric(account, sums),
        "arr": _metric(account, _yearly(sums)),
        **_counts(account),
        "customers": sum(not one.contribution.deleted for one in account.customers),
    }


def _in_words(account: Account, sums: Sums, all_sums: Sums) -> object:
    """One text where one currency says it all; otherwise a text for each currency that has an amount."""
    total = _total(account, sums)
    if total is not None:
        return shown(total.amount, total.currency)
    if any(sums.values()):
        return _texts({currency: amount for currency, amount in sums.items() if amount})
    return shown(ZERO, next(iter(all_sums)) if len(all_sums) == 1 else "")


def _by_subscription_and_item(account: Account) -> Out:
    answers = [share.mrr for one in account.customers for share in one.shares]
    return {
        "mrr_by_subscription": {each.subscription: shown(each.amount, each.currency) for each in answers},
        "mrr_by_item": {item.item: shown(item.amount, each.currency) for each in answers for item in each.items},
    }


def _counts(account: Account) -> Out:
    return {
        "active_subscriptions": sum(share.mrr.counted for one in account.customers for share in one.shares),
        "active_subscribers": sum(any(share.mrr.amount > 0 for share in one.shares) for one in account.customers),
    }


def _incomplete(account: Account) -> list[Out]:
    answers = (share.mrr for one in account.customers for share in one.shares)
    return [{"subscription": each.subscription, "reason": gap} for each in answers for gap in each.gaps]
