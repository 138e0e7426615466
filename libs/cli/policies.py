"""A policy as people give it: a preset's name, options, or both."""

from collections.abc import Mapping

from libs.cli.located import Located, ScenarioError
from libs.domain.policy import DEFAULT, Policy, PolicyError, policy_of


def policy_at(given: Located) -> Policy:
    """`"stripe"`, `{"include_trials": true}`, or `{"preset": "stripe", …}`. Raises ScenarioError at the option."""
    if given.value is None:
        return DEFAULT
    preset, options = _split(given)
    try:
        return policy_of(preset, options)
    except PolicyError as error:
        raise ScenarioError(f"{given.path}.{error.option}" if given.path else error.option, error.fault) from error


def _split(given: Located) -> tuple[str, Mapping[str, object]]:
    if isinstance(given.value, str):
        return given.value, {}
    options = dict(given.members())
    preset = options.pop("preset", "default")
    return (preset if isinstance(preset, str) else str(preset)), options
