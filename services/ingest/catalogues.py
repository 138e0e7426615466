"""What prices, coupons and discounts cost, learned from the events that pass."""

from libs.wire.stripe_event import Catalogue, WebhookEvent

Scope = tuple[str, str, bool]


class Catalogues:
    """One catalogue for each project, account and mode: people choose coupon ids, so two accounts may share one."""

    def __init__(self) -> None:
        self._by_scope: dict[Scope, Catalogue] = {}

    def learned(self, scope: Scope, event: WebhookEvent) -> Catalogue:
        """The catalogue of a scope after it has learned from an event."""
        catalogue = self._by_scope.get(scope)
        if catalogue is None:
            catalogue = self._by_scope[scope] = Catalogue()
        catalogue.learn(event.object)
        return catalogue
