"""What is asked of the large tables: every route that reads, with each filter, order and interval that it has.

`{client}`, `{customer}`, `{subscription}` and `{signal}` stand for another one in each request; `{alert_rule}` and the
like for something that the bench has made.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

TODAY = datetime.now(UTC).date()
TWO_YEARS = f"from={(TODAY - timedelta(days=729)).replace(day=1)}&to={TODAY}"
UNEVEN = f"from={(TODAY - timedelta(days=700)).replace(day=17)}&to={TODAY - timedelta(days=3)}"
YEAR = f"from={TODAY - timedelta(days=364)}&to={TODAY}"
MONTHLY = f"{TWO_YEARS}&interval=month"
SERIES_AIM, AIM = 50.0, 100.0

SERIES = (
    "mrr", "arr", "start", "new", "expansion", "contraction", "churn", "reactivation", "fx", "end", "net",
    "growth_rate", "churned_revenue", "quick_ratio", "gross_mrr_churn_rate", "net_mrr_churn_rate",
    "net_revenue_retention", "gross_revenue_retention", "subscriber_churn_rate", "active_subscribers", "arpa", "ltv",
    "voluntary_churn_mrr", "involuntary_churn_mrr", "new_trials", "trials_ended", "trial_conversion_rate", "revenue",
    "revenue_paid", "revenue_refunded", "failed_payments",
)  # fmt: skip
NARROWED = ("plan=price_3", "segment=enterprise", "segment=starter", "plan=price_3&segment=growth", "currency=usd")
METRICS = (
    "/api/metrics",
    "/api/metrics?currency=usd",
    f"/api/metrics?{TWO_YEARS}",
    f"/api/metrics?{UNEVEN}",
    f"/api/metrics?{YEAR}&compare=previous_year",
    "/api/metrics?compare=previous_period",
    "/api/metrics?compare=previous_period&segment=growth",
    "/api/metrics/cohorts",
    "/api/metrics/mrr",
    "/api/metrics/mrr?interval=day&compare=previous_year",
    "/api/metrics/mrr?interval=week&compare=previous_period",
    f"/api/metrics/mrr?{TWO_YEARS}&interval=week",
    f"/api/metrics/mrr?{TWO_YEARS}&interval=day",
    f"/api/metrics/net_revenue_retention?{UNEVEN}&interval=week",
    f"/api/metrics/subscriber_churn_rate?{TWO_YEARS}&interval=day",
    f"/api/metrics/mrr?{MONTHLY}&compare=previous_year",
    "/api/metrics/new?interval=day&plan=price_3",
    "/api/metrics/new?interval=week&segment=growth",
)
OF_LEDGER = (
    "/api/mrr/movements",
    "/api/mrr/movements?kind=churn&limit=1000",
    f"/api/mrr/movements?{YEAR}&currency=usd",
    "/api/mrr/movements?client={client}",
    "/api/mrr/waterfall",
    f"/api/mrr/waterfall?{TWO_YEARS}",
    f"/api/mrr/waterfall?{MONTHLY}&segment=growth&currency=usd",
    "/api/mrr/changes",
    f"/api/mrr/changes?{MONTHLY}",
    "/api/mrr/definitions",
    "/api/mrr/explain?client={client}",
    f"/api/mrr/explain?client={{client}}&at={TODAY}T00:00:00Z",
    "/api/fx-rates",
    "/api/segments",
)
LISTS = (
    "/api/subscriptions",
    "/api/subscriptions?status=canceled",
    "/api/subscriptions?plan=price_3",
    "/api/subscriptions?plan=price_rare",
    "/api/subscriptions?plan=price_3&status=trialing",
    "/api/subscriptions?client={client}",
    "/api/subscriptions?customer={customer}",
    "/api/renewals",
    f"/api/renewals?from={TODAY}&to={TODAY + timedelta(days=364)}",
    "/api/trials",
    f"/api/trials?{YEAR}",
    "/api/cancellations",
    "/api/cancellations?scheduled=true",
    f"/api/cancellations?{MONTHLY}",
    "/api/payments/failed",
    "/api/cards/expiring",
    "/api/cards/expiring?days=365",
    "/api/invoices",
    f"/api/invoices?{TWO_YEARS}",
    "/api/customers",
    "/api/customers?sort=mrr",
    "/api/customers?mapped=false",
    "/api/customers?mapped=true",
    "/api/customers?conflicts=true",
    "/api/customers?conflicts=false",
    "/api/customers?client={client}",
    "/api/customers/{customer}/client",
)
CLIENTS = (
    *(f"/api/clients?sort={sort}" for sort in ("mrr", "-mrr", "name", "-name", "health", "-health")),
    *(f"/api/clients?status={status}" for status in ("active", "at_risk", "churned", "none")),
    *(f"/api/clients?status={status}&sort=name" for status in ("at_risk", "churned")),
    *(f"/api/clients?segment={segment}" for segment in ("enterprise", "growth", "starter", "at_risk")),
    "/api/clients?segment=enterprise&sort=health",
    "/api/clients?at_risk=false",
    "/api/clients?min_mrr=500",
    "/api/clients?course=true",
    "/api/clients?q={client}",
    "/api/clients?q=00001",
    "/api/clients?q=nobody",
    "/api/clients/{client}",
    "/api/clients/{client}/subscriptions",
    "/api/clients/{client}/movements",
    "/api/clients/{client}/invoices",
    "/api/clients/{client}/signals",
    "/api/clients/{client}/timeline",
)
ALERTS = (
    "/api/alerts",
    "/api/alerts?status=open",
    "/api/alerts?status=resolved",
    "/api/alerts?client={client}",
    "/api/alerts?rule=dispute_opened",
    "/api/alerts?severity=low",
    f"/api/alerts?{YEAR}",
    "/api/alerts/{signal}",
    "/api/alert-rules",
    "/api/webhook-endpoints",
)
OF_PROJECT = (
    "/api/integrations/stripe/status",
    "/api/integrations/stripe/settings",
    "/api/integrations/stripe/syncs",
    "/api/integrations/stripe/webhook-secrets",
    "/api/keys",
    "/api/projects",
    "/api/audit-log",
)
OF_CLIENT = "client={client}"
# Why these are not asked: they read a single row by its key, as others here do; or they are no queries.
NOT_ASKED = {
    "/api/clients/imports/{import:imp_[0-9a-f]+}": "one row by its key",
    "/api/integrations/stripe/syncs/{run}": "one row by its key",
    "/api/webhook-endpoints/{endpoint}": "one row by its key",
    "/api/webhook-endpoints/{endpoint}/deliveries": "not filled: the deliveries of one endpoint by their index",
    "/api/integrations/stripe/start": "begins a connection",
    "/api/alerts/stream": "a stream",
}


class Question(NamedTuple):
    """A path, what kind of question it is, and the aim in milliseconds."""

    path: str
    group: str
    aim: float = AIM


def questions() -> Iterator[Question]:
    """All of them, group by group."""
    group = "each metric, 24 months by month"
    yield from (Question(f"/api/metrics/{name}?{MONTHLY}", group, SERIES_AIM) for name in SERIES)
    yield from (Question(f"/api/metrics/mrr?{MONTHLY}&{each}", group, SERIES_AIM) for each in (*NARROWED, OF_CLIENT))
    for group, paths in GROUPS.items():
        yield from (Question(path, group) for path in paths)


GROUPS = {
    "all figures at once, cohorts, series by day and week": METRICS,
    "movements, waterfall, changes, definitions, explain, segments": OF_LEDGER,
    "subscriptions, renewals, trials, cancellations, payments, invoices, customers": LISTS,
    "clients: each order, filter and search; one client and all that is its": CLIENTS,
    "signals, rules, endpoints": ALERTS,
    "the project: status, settings, syncs, keys, log": OF_PROJECT,
}


def shown(path: str) -> str:
    """As the table names it."""
    for query, words in ((TWO_YEARS, "24 months"), (UNEVEN, "23 months"), (YEAR, "a year")):
        path = path.replace(query, words)
    return path
