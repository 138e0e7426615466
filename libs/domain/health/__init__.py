"""How a client is doing, from 0 to 100, with every part of the score and why it is what it is."""

from libs.domain.health.score import Health, HealthPart, health_of
from libs.domain.health.settings import (
    DEFAULT_HEALTH,
    HealthSettings,
    HealthSettingsError,
    health_settings,
)

__all__ = [
    "DEFAULT_HEALTH",
    "Health",
    "HealthPart",
    "HealthSettings",
    "HealthSettingsError",
    "health_of",
    "health_settings",
]
