"""Which events this process has published lately, so that polling need not publish them again."""

MOST = 50_000
Place = tuple[str, str]


class SeenEvents:
    """Remembers the last events by project and id: at least `most` of them, at most twice as many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._newer: set[Place] = set()
        self._older: set[Place] = set()

    def add(self, project: str, event: str) -> None:
        """The broker has this event."""
        if len(self._newer) >= self._most:
            self._older, self._newer = self._newer, set()
        self._newer.add((project, event))

    def __contains__(self, place: Place) -> bool:
        return place in self._newer or place in self._older
