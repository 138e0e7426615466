"""Random but realistic account histories, the same for the same seed."""

from libs.fake_stripe.history.player import HistorySpec, play, steps

__all__ = ["HistorySpec", "play", "steps"]
