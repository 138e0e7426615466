"""Whether it makes sense to wait for the broker."""

TRIAL_SECONDS = 0.5


class Breaker:
    """Open after a record was not acknowledged in time; then one record each half second is tried, and the first
    acknowledgement, of a trial or of a record sent before, closes it."""

    def __init__(self, trial_seconds: float = TRIAL_SECONDS) -> None:
        self._trial_seconds = trial_seconds
        self._next_trial: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the broker is thought to be away."""
        return self._next_trial is not None

    def permits(self, now: float) -> bool:
        """Whether to try a record now. True while open makes this record the trial."""
        if self._next_trial is None:
            return True
        if now < self._next_trial:
            return False
        self._next_trial = now + self._trial_seconds
        return True

    def failed(self, now: float) -> bool:
        """A record was not acknowledged in time. Gives whether that opened the breaker."""
        opens = self._next_trial is None
        if opens:
            self._next_trial = now + self._trial_seconds
        return opens

    def acknowledged(self) -> bool:
        """The broker acknowledged a record. Gives whether that closed the breaker."""
        closes = self._next_trial is not None
        self._next_trial = None
        return closes
