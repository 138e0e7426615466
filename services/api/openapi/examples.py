"""An example request for each operation that takes more than its address: the document shows it, tests send it."""

from collections.abc import Mapping

Json = dict[str, object]

STRIPE = "/api/integrations/stripe"
FEBRUARY: Json = {"from": "2025-02-01", "to": "2025-02-28"}
CLIENT: Json = {"client": "acme"}
OF_CUSTOMER: Json = {"client": "customer:cus_1"}
CUSTOMER: Json = {"customer": "cus_1"}
ALERT: Json = {"alert": "sig_1"}
CONDITION: Json = {"metric": "mrr", "comparison": "falls_by", "value": "5", "days": 7}
ENTRY: Json = {
    "name": "Acme Inc.",
    "stakeholder_emails": ["cfo@acme.com"],
    "domains": ["acme.com"],
    "stripe_customers": ["cus_1"],
}
IMPORTED = "client,name,domains\nglobex,Globex Corp.,globex.com\n"
RATES: Json = {"rates": [{"currency": "eur", "rate": "1.08", "date": "2025-02-01"}]}
TIMES: Json = {"every": "week", "hour": 8, "weekday": "monday"}
ENDPOINT: Json = {"url": "https://93.184.216.34/revstream", "description": "our CRM", "min_severity": "high"}

EXAMPLES: Mapping[str, Json] = {
    "GET /api/metrics": {"query": {**FEBRUARY, "compare": "previous_period", "segment": "growth"}},
    "GET /api/metrics/{name}": {"path": {"name": "mrr"}, "query": {**FEBRUARY, "interval": "week"}},
    "GET /api/mrr/movements": {"query": {**FEBRUARY, "kind": "new", "limit": 10}},
    "GET /api/mrr/waterfall": {"query": {**FEBRUARY, "interval": "week"}},
    "GET /api/mrr/definitions": {"query": {"limit": 10}},
    "GET /api/mrr/changes": {"query": FEBRUARY},
    "GET /api/mrr/explain": {"query": OF_CUSTOMER},
    "PUT /api/fx-rates": {"body": RATES},
    "PUT /api/segments": {"body": {"enterprise": "2000", "growth": "250"}},
    "GET /api/subscriptions": {"query": {"status": "active", "limit": 10}},
    "GET /api/renewals": {"query": {"limit": 10}},
    "GET /api/trials": {"query": FEBRUARY},
    "GET /api/cancellations": {"query": FEBRUARY},
    "GET /api/cards/expiring": {"query": {"days": 90}},
    "GET /api/invoices": {"query": FEBRUARY},
    "GET /api/clients": {"query": {"sort": "-mrr", "limit": 10}},
    "GET /api/clients/{client}": {"path": OF_CUSTOMER},
    "PUT /api/clients/{client}": {"path": CLIENT, "body": ENTRY},
    "DELETE /api/clients/{client}": {"path": CLIENT},
    "POST /api/clients/import": {"query": {"dry_run": True}, "type": "text/csv", "body": IMPORTED},
    "GET /api/clients/{client}/subscriptions": {"path": OF_CUSTOMER},
    "GET /api/clients/{client}/movements": {"path": OF_CUSTOMER},
    "GET /api/clients/{client}/invoices": {"path": OF_CUSTOMER},
    "GET /api/clients/{client}/signals": {"path": OF_CUSTOMER},
    "GET /api/clients/{client}/timeline": {"path": OF_CUSTOMER},
    "GET /api/customers": {"query": {"mapped": False, "limit": 10}},
    "GET /api/customers/{customer}/client": {"path": CUSTOMER},
    "PUT /api/customers/{customer}/client": {"path": CUSTOMER, "body": {"client": "acme"}},
    "DELETE /api/customers/{customer}/client": {"path": CUSTOMER},
    "DELETE /api/customers/{customer}/personal-data": {"path": CUSTOMER},
    "GET /api/alerts": {"query": {"status": "open", "limit": 10}},
    "GET /api/alerts/stream": {"query": {"include": "movements"}},
    "GET /api/alerts/{alert}": {"path": ALERT},
    "POST /api/alerts/{alert}/acknowledge": {"path": ALERT},
    "POST /api/alerts/{alert}/snooze": {"path": ALERT, "body": {"hours": 24}},
    "POST /api/alerts/{alert}/reopen": {"path": ALERT},
    "POST /api/alert-rules": {"body": {"name": "MRR falls", "condition": CONDITION, "severity": "high"}},
    "PATCH /api/alert-rules/{rule}": {"body": {"enabled": False}},
    "POST /api/webhook-endpoints": {"body": ENDPOINT},
    "PATCH /api/webhook-endpoints/{endpoint}": {"body": {"digest": TIMES}},
    "GET /api/webhook-endpoints/{endpoint}/deliveries": {"query": {"limit": 10}},
    "POST /api/keys": {"body": {"label": "dashboard", "scopes": ["read", "alerts"]}},
    "GET /api/audit-log": {"query": {"limit": 10}},
    "POST /api/projects": {"body": {"name": "Beta Inc."}},
    f"POST {STRIPE}/key": {"body": {"key": "rk_live_0123456789abcdef", "label": "shop"}},
    f"POST {STRIPE}/sync": {"body": {"mode": "recent"}},
    f"GET {STRIPE}/syncs": {"query": {"limit": 10}},
    f"PATCH {STRIPE}/settings": {"body": {"preset": "chartmogul", "policy": {"include_trials": True}}},
    f"POST {STRIPE}/settings/preview": {"body": {"policy": {"include_trials": True}}},
    f"POST {STRIPE}/webhook-secrets": {"body": {"secret": "whsec_0123456789abcdef"}},
}
