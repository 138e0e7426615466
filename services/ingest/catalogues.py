"""What prices, coupons and discounts cost, learned from the events that pass and from what is read at Stripe."""

from collections.abc import Mapping

from libs.wire.stripe_event import Catalogue, Entry, Kind, WebhookEvent

Scope = tuple[str, str, bool]
Place = tuple[Scope, Kind, str]


class Catalogues:
    """One catalogue for each project, account and mode: people choose coupon ids, so two accounts may share one."""

    def __init__(self) -> None:
        self._by_scope: dict[Scope, Catalogue] = {}
        self._unstored: dict[Place, Entry] = {}

    def of(self, scope: Scope) -> Catalogue:
        """The catalogue of a scope; an empty one at first."""
        catalogue = self._by_scope.get(scope)
        if catalogue is None:
            catalogue = self._by_scope[scope] = Catalogue()
        return catalogue

    def learned(self, scope: Scope, event: WebhookEvent) -> Catalogue:
        """The catalogue of a scope after it has learned from an event."""
        self.learn(scope, event.object)
        return self.of(scope)

    def learn(self, scope: Scope, item: Mapping[str, object], whole: bool = False) -> None:
        """Take in an object. `whole`: it was read with everything expanded, what it lacks does not exist."""
        for entry in self.of(scope).learn(item, whole):
            self._unstored[(scope, entry.kind, entry.id)] = entry

    def restore(self, scope: Scope, entry: Entry) -> None:
        """Put back what was stored."""
        self.of(scope).restore(entry)

    def news(self) -> dict[Place, Entry]:
        """What is not stored yet."""
        return dict(self._unstored)

    def stored(self, news: Mapping[Place, Entry]) -> None:
        """These are safe; what was learned of them meanwhile is news again."""
        for place, entry in news.items():
            if self._unstored.get(place) is entry:
                del self._unstored[place]
