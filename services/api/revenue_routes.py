"""The addresses of the ledger and of what is told from it."""

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import metrics, movements

REVENUE_ROUTES = (
    Route("GET", "/api/metrics", Scope.READ, metrics.metrics),
    Route("GET", "/api/mrr/movements", Scope.READ, movements.movements_page),
    Route("GET", "/api/mrr/waterfall", Scope.READ, movements.waterfall),
)
