"""The addresses of clients and customers."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import clients, customers, directory, imports

CLIENT_ROUTES = (
    Route("GET", "/api/clients", Scope.READ, clients.clients_page),
    Route("GET", "/api/clients/{client}", Scope.READ, clients.client),
    Route("PUT", "/api/clients/{client}", Scope.ADMIN, directory.put_client),
    Route("DELETE", "/api/clients/{client}", Scope.ADMIN, directory.delete_client, HTTPStatus.NO_CONTENT),
    Route("POST", "/api/clients/import", Scope.ADMIN, imports.import_clients, HTTPStatus.ACCEPTED),
    Route("GET", "/api/clients/imports/{import:imp_[0-9a-f]+}", Scope.READ, imports.import_progress),
    Route("GET", "/api/customers", Scope.READ, customers.customers_page),
    Route("GET", "/api/customers/{customer}/client", Scope.READ, customers.customer_client),
    Route("PUT", "/api/customers/{customer}/client", Scope.ADMIN, customers.assign_customer),
    Route(
        "DELETE", "/api/customers/{customer}/client", Scope.ADMIN, customers.unassign_customer, HTTPStatus.NO_CONTENT
    ),
)
