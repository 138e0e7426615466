"""Stripe's error answers."""

from libs.fake_stripe.json_types import Json


class StripeProblem(Exception):
    """An answer other than 200: status, message, and what the SDK reads of it."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param

    def body(self) -> Json:
        """Give the JSON that goes over the wire."""
        error: Json = {"message": self.message, "type": _type_of(self.status)}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing(kind: str, object_id: str, param: str = "id") -> StripeProblem:
    """No such object: 404 where the path names it, 400 where a parameter does."""
    status = 404 if param == "id" else 400
    return StripeProblem(status, f"No such {kind}: '{object_id}'", "resource_missing", param)


def unknown_parameter(name: str) -> StripeProblem:
    """A parameter that the call doesn't have."""
    return StripeProblem(400, f"Received unknown parameter: {name}", "parameter_unknown", name)


def unknown_url(method: str, path: str) -> StripeProblem:
    """A path that the API doesn't have."""
    return StripeProblem(404, f"Unrecognized request URL ({method}: {path}).")


def not_an_integer(name: str, value: str) -> StripeProblem:
    """A parameter that should be a number."""
    return StripeProblem(400, f"Invalid integer: {value}", "parameter_invalid_integer", name)


def _type_of(status: int) -> str:
    return "api_error" if status >= 500 else "invalid_request_error"
