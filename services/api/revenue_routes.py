"""The addresses of the ledger and of what is told from it."""

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import cancellations, metrics, movements, payments, segments, series, subscriptions

REVENUE_ROUTES = (
    Route("GET", "/api/metrics", Scope.READ, metrics.metrics),
    Route("GET", "/api/metrics/{name}", Scope.READ, series.metric),
    Route("GET", "/api/mrr/movements", Scope.READ, movements.movements_page),
    Route("GET", "/api/mrr/waterfall", Scope.READ, movements.waterfall),
    Route("GET", "/api/mrr/changes", Scope.READ, cancellations.plan_changes),
    Route("GET", "/api/segments", Scope.READ, segments.segments()),
    Route("PUT", "/api/segments", Scope.ADMIN, segments.set_thresholds),
    Route("GET", "/api/subscriptions", Scope.READ, subscriptions.subscriptions_page),
    Route("GET", "/api/renewals", Scope.READ, subscriptions.renewals),
    Route("GET", "/api/trials", Scope.READ, subscriptions.trials),
    Route("GET", "/api/cancellations", Scope.READ, cancellations.cancellations),
    Route("GET", "/api/payments/failed", Scope.READ, payments.failed_payments),
    Route("GET", "/api/cards/expiring", Scope.READ, payments.expiring_cards),
    Route("GET", "/api/invoices", Scope.READ, payments.invoices),
)
