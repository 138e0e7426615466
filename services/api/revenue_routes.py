"""The addresses of the ledger and of what is told from it."""

from http import HTTPStatus

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
from services.api.models import ledger as of_ledger
from services.api.models import metrics as of_metrics
from services.api.models import subscriptions as of_subscriptions
from services.api.periods import PeriodQuery
from services.api.promise import Promise
from services.api.sharing import shared

METRIC = Promise(
    of_metrics.Series, series.SeriesQuery, also=((HTTPStatus.OK, of_metrics.Cohorts),), codes=("not_found",)
)
CANCELLATIONS = Promise(of_subscriptions.Cancellations, cancellations.CancellationsQuery)
RATES = Promise(of_metrics.FxRates, body=fx_rates.RatesBody, files=(fx_rates.CSV, *fx_rates.XML))

REVENUE_ROUTES = (
    Route(
        "GET", "/api/metrics", Scope.READ, shared(metrics.metrics), Promise(of_metrics.Metrics, metrics.MetricsQuery)
    ),
    Route("GET", "/api/metrics/{name}", Scope.READ, shared(series.metric), METRIC),
    Route(
        "GET",
        "/api/mrr/movements",
        Scope.READ,
        shared(movements.movements_page),
        Promise(of_ledger.MovementsPage, movements.MovementsQuery),
    ),
    Route(
        "GET",
        "/api/mrr/waterfall",
        Scope.READ,
        shared(waterfall.waterfall),
        Promise(of_ledger.Waterfall, waterfall.WaterfallQuery),
    ),
    Route(
        "GET",
        "/api/mrr/definitions",
        Scope.READ,
        shared(definitions.mrr_definitions),
        Promise(of_ledger.Definitions, definitions.DefinitionsQuery),
    ),
    Route(
        "GET",
        "/api/mrr/changes",
        Scope.READ,
        shared(cancellations.plan_changes),
        Promise(of_ledger.PlanChanges, cancellations.PlanChangesQuery),
    ),
    Route("GET", "/api/fx-rates", Scope.READ, shared(fx_rates.fx_rates), Promise(of_metrics.FxRates)),
    Route("PUT", "/api/fx-rates", Scope.ADMIN, fx_rates.put_fx_rates, RATES),
    Route(
        "GET",
        "/api/segments",
        Scope.READ,
        shared(segments.segment_list),
        Promise(of_metrics.Segments, segments.SegmentsQuery),
    ),
    Route(
        "PUT",
        "/api/segments",
        Scope.ADMIN,
        segments.set_thresholds,
        Promise(of_metrics.Thresholds, body=segments.ThresholdsBody),
    ),
    Route(
        "GET",
        "/api/subscriptions",
        Scope.READ,
        shared(subscriptions.subscriptions_page),
        Promise(of_subscriptions.SubscriptionsPage, subscriptions.SubscriptionsQuery),
    ),
    Route(
        "GET",
        "/api/renewals",
        Scope.READ,
        shared(subscriptions.renewals),
        Promise(of_subscriptions.Renewals, subscriptions.RenewalsQuery),
    ),
    Route(
        "GET",
        "/api/trials",
        Scope.READ,
        shared(subscriptions.trials),
        Promise(of_subscriptions.Trials, subscriptions.TrialsQuery),
    ),
    Route("GET", "/api/cancellations", Scope.READ, shared(cancellations.cancellations), CANCELLATIONS),
    Route(
        "GET",
        "/api/payments/failed",
        Scope.READ,
        shared(payments.failed_payments),
        Promise(of_subscriptions.FailedPayments, payments.FailedQuery),
    ),
    Route(
        "GET",
        "/api/cards/expiring",
        Scope.READ,
        shared(payments.expiring_cards),
        Promise(of_subscriptions.Cards, payments.ExpiringQuery),
    ),
    Route(
        "GET",
        "/api/invoices",
        Scope.READ,
        shared(payments.invoices),
        Promise(of_subscriptions.InvoiceSums, PeriodQuery),
    ),
)
