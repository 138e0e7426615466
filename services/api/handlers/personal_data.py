"""`DELETE /api/customers/{id}/personal-data`: what is kept of a person (the e-mail) is erased; figures stay."""

from http import HTTPStatus

from aiohttp import web

from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.erasing import erase
from services.api.parameters import Query
from services.api.problems import Refused, not_found
from services.api.queries import customers, erasures


async def erase_customer(asked: Asked) -> web.Response:
    """Erase what is kept of a person. 202 while the streams are yet to be told, 204 once they are; asked again, the
    same. Raises Refused (404)."""
    asked.query(Query)
    customer = asked.path("customer")
    async with asked.database.writing(asked.project) as connection:
        if await customers.one(connection, asked.project, customer) is None:
            raise Refused(not_found(f"customer {customer}"))
        standing = await erasures.one(connection, asked.project, customer)
        if standing is None:
            standing = await erase(connection, asked.project, customer)
            await audit(connection, entry(asked, Action.PERSONAL_DATA_ERASED, customer))
    if standing.finished_at is not None:
        return nothing()
    asked.parts.erasures.set()
    content = {"customer": customer, "state": "publishing", "requested_at": standing.requested_at}
    return answer({"erasure": content}, HTTPStatus.ACCEPTED)
