"""What the system says of a scenario: the rules of the services, without Kafka or PostgreSQL."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from libs.cli.account import Account, CustomerNow, account_of
from libs.cli.history import History, by_customer, history_of
from libs.cli.movements_told import balances, figures_told, movement_told, summary_told, time_text
from libs.cli.notes import conflict_note, notes_of, rate_note
from libs.cli.risk_told import Risks, risks_of, signals_told
from libs.cli.scenario import Scenario
from libs.domain.fact import about_invoice
from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import balance_at
from libs.domain.ledger.valuation import valued
from libs.domain.metrics import Books, Present, failed_attempts, figures, paid, trailing
from libs.domain.money import shown
from libs.domain.policy import FxMode
from libs.domain.totals import ZERO, Total, by_currency, in_one_currency, missing_rates

Sums = Mapping[Currency, Fraction]
Out = dict[str, object]


def simulate(scenario: Scenario) -> Out:
    """The answer to a scenario, ready to be written as JSON. Amounts are text in major units."""
    account = account_of(scenario.facts, scenario.policy, scenario.as_of)
    history = history_of(scenario)
    worth = _worth(account, history)
    clients: dict[ClientId, list[Sums]] = {entry.client: [] for entry in scenario.clients}
    for one in account.customers:
        clients.setdefault(history.matches[one.id].client, []).append(worth[one.id])
    sums = _added(worth.values())
    period = scenario.period or trailing(account.day)
    risks = risks_of(scenario, account, history.matches)
    return {
        "as_of": time_text(scenario.as_of),
        "mrr_total": _money(_total(account, sums)),
        "mrr_by_currency": _texts(_sums(account.customers)),
        "mrr_by_client": {client: _in_words(account, _added(clients[client]), sums) for client in sorted(clients)},
        "mrr_by_customer": {one.id: _in_words(account, worth[one.id], sums) for one in account.customers},
        **_by_subscription_and_item(account),
        **_counts(account),
        "movements": [movement_told(one, scenario.policy) for one in history.movements],
        "period_summary": summary_told(history.movements, period, scenario.policy, _usual_currency(account)),
        "metrics": figures_told(figures(_books(scenario, account, history, risks), period), _usual_currency(account)),
        "signals": signals_told(risks.signals),
        "incomplete": _incomplete(account),
        "notes": [
            *scenario.notes,
            *notes_of(account),
            *(
                rate_note(code, account)
                for code in missing_rates(_sums(account.customers), account.policy, account.day)
            ),
            *(conflict_note(customer, match) for customer, match in history.matches.items() if match.conflicts),
        ],
    }


def _worth(account: Account, history: History) -> dict[CustomerId, Sums]:
    """What each customer adds, in its own currencies; with locked rates, what the ledger keeps it at."""
    if account.policy.base_currency is None or account.policy.fx_mode is FxMode.SPOT:
        return {one.id: _sums([one]) for one in account.customers}
    kept = balances(by_customer(history, account.policy, account.as_of))
    return {one.id: kept.get(one.id, {}) for one in account.customers}


def _added(several: Iterable[Sums]) -> Sums:
    return by_currency(Total(amount, code) for sums in several for code, amount in sums.items())


def _sums(customers: Iterable[CustomerNow]) -> Sums:
    return by_currency(Total(share.mrr.amount, share.mrr.currency) for one in customers for share in one.shares)


def _usual_currency(account: Account) -> str | None:
    """The currency of an amount that is 0: the base, or the only one that there is."""
    codes = [account.policy.base_currency] if account.policy.base_currency else list(_sums(account.customers))
    return codes[0] if len(codes) == 1 else None


def _books(scenario: Scenario, account: Account, history: History, risks: Risks) -> Books:
    invoices = [told.fact for told in scenario.facts if about_invoice(told.fact)]
    own = [Total(share.mrr.amount, share.mrr.currency) for one in account.customers for share in one.shares]
    spot = by_currency(valued(each, None, account.policy, account.as_of).worth for each in own)
    locked = account.policy.fx_mode is FxMode.LOCK
    return Books(
        movements=history.movements,
        steps=history.steps,
        present=Present(
            mrr=balance_at(history.movements, account.as_of) if locked else spot,
            customers=sum(not one.contribution.deleted for one in account.customers),
            **_counts(account),
        ),
        policy=account.policy,
        now=account.as_of,
        payments=tuple(paid(invoices, scenario.money.paid_at)),
        refunds=scenario.money.refunds,
        failed_attempts=tuple(failed_attempts(invoices)),
        at_risk=risks.at_risk,
    )


def _total(account: Account, sums: Sums) -> Total | None:
    return in_one_currency(sums, account.policy, account.day)


def _texts(sums: Sums) -> dict[str, str]:
    return {currency: shown(amount, currency) for currency, amount in sums.items()}


def _money(total: Total | None) -> Out | None:
    return None if total is None else {"currency": total.currency, "amount": shown(total.amount, total.currency)}


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


def _counts(account: Account) -> dict[str, int]:
    return {
        "active_subscriptions": sum(share.mrr.counted for one in account.customers for share in one.shares),
        "active_subscribers": sum(any(share.mrr.amount > 0 for share in one.shares) for one in account.customers),
    }


def _incomplete(account: Account) -> list[Out]:
    answers = (share.mrr for one in account.customers for share in one.shares)
    return [{"subscription": each.subscription, "reason": gap} for each in answers for gap in each.gaps]
