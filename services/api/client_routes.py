"""The addresses of clients and customers."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import client_parts, clients, customers, directory, imports, personal_data, timeline

CLIENT_ROUTES = (
    Route("GET", "/api/clients", Scope.READ, clients.clients_page),
    Route("GET", "/api/clients/{client}", Scope.READ, clients.client),
    Route("PUT", "/api/clients/{client}", Scope.ADMIN, directory.put_client),
    Route("DELETE", "/api/clients/{client}", Scope.ADMIN, directory.delete_client, HTTPStatus.NO_CONTENT),
    Route("POST", "/api/clients/import", Scope.ADMIN, imports.import_clients, HTTPStatus.ACCEPTED),
    Route("GET", "/api/clients/imports/{import:imp_[0-9a-f]+}", Scope.READ, imports.import_progress),
    Route("GET", "/api/clients/{client}/subscriptions", Scope.READ, client_parts.client_subscriptions),
    Route("GET", "/api/clients/{client}/movements", Scope.READ, client_parts.client_movements),
    Route("GET", "/api/clients/{client}/invoices", Scope.READ, client_parts.client_invoices),
    Route("GET", "/api/clients/{client}/signals", Scope.READ, client_parts.client_signals),
    Route("GET", "/api/clients/{client}/timeline", Scope.READ, timeline.client_timeline),
    Route("GET", "/api/customers", Scope.READ, customers.customers_page),
    Route("GET", "/api/customers/{customer}/client", Scope.READ, customers.customer_client),
    Route("PUT", "/api/customers/{customer}/client", Scope.ADMIN, customers.assign_customer),
    Route(
        "DELETE", "/api/customers/{customer}/client", Scope.ADMIN, customers.unassign_customer, HTTPStatus.NO_CONTENT
    ),
    Route(
        "DELETE",
        "/api/customers/{customer}/personal-data",
        Scope.ADMIN,
        personal_data.erase_customer,
        HTTPStatus.NO_CONTENT,
    ),
)
