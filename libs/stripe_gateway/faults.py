"""What can go wrong at Stripe, by what there is to do about it. Messages never hold a key."""


class StripeFault(Exception):
    """A call failed. `resource` is the path, `request_id` Stripe's own name for the call, where it gave one."""

    def __init__(self, resource: str, status: int | None, code: str | None, request_id: str | None) -> None:
        self.resource = resource
        self.status = status
        self.code = code
        self.request_id = request_id
        super().__init__(self._told())

    @property
    def resource_name(self) -> str:
        """What was asked for, as people and permissions name it: `invoices`."""
        return self.resource.removeprefix("/v1/").partition("/")[0]

    def _told(self) -> str:
        what = "no whole answer" if self.status is None else f"status {self.status}"
        named = "".join(f", {part}" for part in (self.code, self.request_id) if part)
        return f"Stripe, {self.resource}: {what}{named}"


class StripeUnavailable(StripeFault):
    """Temporary: the network, a timeout, a cut answer, 5xx, 409, 429. The same call may succeed later.

    `limited`: Stripe's reason where it has had too many calls (`global-rate`, `endpoint-concurrency`, …).
    """

    limited: str | None = None


class StripeRefused(StripeFault):
    """The key is not valid any more (401) or may not read this (403): no call will help until a person acts."""

    @property
    def is_of_key(self) -> bool:
        """Whether nothing at all can be read with this key."""
        return self.status == 401 or self.is_revoked

    @property
    def is_revoked(self) -> bool:
        """Whether a platform's key is good, but may not read this account (any more)."""
        return self.code == "account_invalid"

    def again(self, resource: str) -> "StripeRefused":
        """The same refusal for another call, which need not be made to know it."""
        return StripeRefused(resource, self.status, self.code, self.request_id)


class StripeMissing(StripeFault):
    """There is no such object (any more)."""


class StripeRejected(StripeFault):
    """Stripe does not understand the call: a fault of ours."""
