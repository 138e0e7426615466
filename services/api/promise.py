"""What an address takes and gives: the models that its requests are checked by, and those of its answers.

The OpenAPI document is made of these; a handler that reads another model than its route promises fails at once, and
the tests hold every answer against its model.
"""

from dataclasses import dataclass
from http import HTTPStatus

from services.api.parameters import Body, Query

JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True, slots=True)
class Promise:
    """`answer`: the model of success (None: nothing to tell); `also`: other successes by status. `codes`: of problems
    that this address has beside the common ones. `files`: content types that the body may have beside JSON."""

    answer: object = None
    query: type[Query] = Query
    body: type[Body] | None = None
    status: HTTPStatus = HTTPStatus.OK
    also: tuple[tuple[HTTPStatus, object], ...] = ()
    codes: tuple[str, ...] = ()
    media: str = JSON
    files: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[tuple[HTTPStatus, object], ...]:
        """Every success: its status, and the model of what is told (None: nothing)."""
        return (self.status, self.answer), *self.also

    @property
    def takes_body(self) -> bool:
        return self.body is not None or bool(self.files)


def nothing(*codes: str, query: type[Query] = Query) -> Promise:
    """Done, and there is nothing to tell: 204."""
    return Promise(None, query, status=HTTPStatus.NO_CONTENT, codes=codes)
