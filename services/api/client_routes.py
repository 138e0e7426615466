"""The addresses of clients and customers."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.directory_entry import EntryBody
from services.api.handlers import client_parts, clients, customers, directory, imports, personal_data, timeline
from services.api.importing.reading import CSV, JSON
from services.api.models import clients as of_clients
from services.api.models import subscriptions as of_parts
from services.api.models.timeline import Timeline
from services.api.promise import Promise, nothing

CLIENT = "/api/clients/{client}"
OWNER = "/api/customers/{customer}/client"
PREVIEW = (HTTPStatus.OK, of_clients.MappingPreview)

PUT_CLIENT = Promise(
    of_clients.Client,
    directory.ChangeQuery,
    EntryBody,
    also=((HTTPStatus.CREATED, of_clients.Client), PREVIEW),
    codes=("customer_already_assigned", "precondition_failed"),
)
IMPORT = Promise(
    of_clients.ImportAnswer,
    imports.ImportQuery,
    status=HTTPStatus.ACCEPTED,
    files=(CSV, JSON),
    codes=("too_many_rows",),
)
ASSIGN = Promise(of_clients.Assigned, directory.ChangeQuery, customers.OverrideBody, also=(PREVIEW,))
UNASSIGN = Promise(None, directory.ChangeQuery, status=HTTPStatus.NO_CONTENT, also=(PREVIEW,))
ERASE = Promise(None, status=HTTPStatus.NO_CONTENT, also=((HTTPStatus.ACCEPTED, of_clients.ErasureAnswer),))


def _part(answer: type[of_parts.OfClient]) -> Promise:
    return Promise(answer, client_parts.PartQuery)


CLIENT_ROUTES = (
    Route(
        "GET",
        "/api/clients",
        Scope.READ,
        clients.clients_page,
        Promise(of_clients.ClientsPage, clients.ClientsQuery),
    ),
    Route("GET", CLIENT, Scope.READ, clients.client, Promise(of_clients.Client)),
    Route("PUT", CLIENT, Scope.ADMIN, directory.put_client, PUT_CLIENT),
    Route("DELETE", CLIENT, Scope.ADMIN, directory.delete_client, nothing("precondition_failed")),
    Route("POST", "/api/clients/import", Scope.ADMIN, imports.import_clients, IMPORT),
    Route(
        "GET",
        "/api/clients/imports/{import:imp_[0-9a-f]+}",
        Scope.READ,
        imports.import_progress,
        Promise(of_clients.ImportAnswer),
    ),
    Route(
        "GET",
        f"{CLIENT}/subscriptions",
        Scope.READ,
        client_parts.client_subscriptions,
        _part(of_parts.ClientSubscriptions),
    ),
    Route("GET", f"{CLIENT}/movements", Scope.READ, client_parts.client_movements, _part(of_parts.ClientMovements)),
    Route("GET", f"{CLIENT}/invoices", Scope.READ, client_parts.client_invoices, _part(of_parts.ClientInvoices)),
    Route("GET", f"{CLIENT}/signals", Scope.READ, client_parts.client_signals, _part(of_parts.ClientSignals)),
    Route("GET", f"{CLIENT}/timeline", Scope.READ, timeline.client_timeline, _part(Timeline)),
    Route(
        "GET",
        "/api/customers",
        Scope.READ,
        customers.customers_page,
        Promise(of_clients.CustomersPage, customers.CustomersQuery),
    ),
    Route("GET", OWNER, Scope.READ, customers.customer_client, Promise(of_clients.CustomerClient)),
    Route("PUT", OWNER, Scope.ADMIN, customers.assign_customer, ASSIGN),
    Route("DELETE", OWNER, Scope.ADMIN, customers.unassign_customer, UNASSIGN),
    Route("DELETE", "/api/customers/{customer}/personal-data", Scope.ADMIN, personal_data.erase_customer, ERASE),
)
