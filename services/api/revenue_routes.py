"""The addresses of the ledger and of what is told from it."""

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import (
    cancellations,
    definitions,
    fx_rates,
    metrics,
    movements,
    payments,
    segments,
    series,
    subscriptions,
    waterfall,
)
from services.api.sharing import shared

REVENUE_ROUTES = (
    Route("GET", "/api/metrics", Scope.READ, shared(metrics.metrics)),
    Route("GET", "/api/metrics/{name}", Scope.READ, shared(series.metric)),
    Route("GET", "/api/mrr/movements", Scope.READ, shared(movements.movements_page)),
    Route("GET", "/api/mrr/waterfall", Scope.READ, shared(waterfall.waterfall)),
    Route("GET", "/api/mrr/definitions", Scope.READ, shared(definitions.mrr_definitions)),
    Route("GET", "/api/mrr/changes", Scope.READ, shared(cancellations.plan_changes)),
    Route("GET", "/api/fx-rates", Scope.READ, shared(fx_rates.fx_rates)),
    Route("PUT", "/api/fx-rates", Scope.ADMIN, fx_rates.put_fx_rates),
    Route("GET", "/api/segments", Scope.READ, shared(segments.segments())),
    Route("PUT", "/api/segments", Scope.ADMIN, segments.set_thresholds),
    Route("GET", "/api/subscriptions", Scope.READ, shared(subscriptions.subscriptions_page)),
    Route("GET", "/api/renewals", Scope.READ, shared(subscriptions.renewals)),
    Route("GET", "/api/trials", Scope.READ, shared(subscriptions.trials)),
    Route("GET", "/api/cancellations", Scope.READ, shared(cancellations.cancellations)),
    Route("GET", "/api/payments/failed", Scope.READ, shared(payments.failed_payments)),
    Route("GET", "/api/cards/expiring", Scope.READ, shared(payments.expiring_cards)),
    Route("GET", "/api/invoices", Scope.READ, shared(payments.invoices)),
)
