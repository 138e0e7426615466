"""Every operation of the document, fuzzed: no server error, and no answer outside its schema.

The same cases each time; `--full` sends many more.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from services.api.openapi.document import document, operations
from services.api.openapi.operations import Operation
from services.api.promise import EVENTS
from tests.api.calling import Api
from tests.api.filled_api import Filled, filled

FEW, MANY = 3, 60
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
HELD = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# What the machine's own state decides.
FUZZED = [each for each in operations() if each.promise.media != EVENTS and each.path != "/readyz"]


@dataclass(frozen=True)
class Fuzzing:
    """Sends cases of one operation to a filled API, from a thread of its own."""

    schema: Any
    found: Filled
    examples: int

    def failures(self, operation: Operation) -> Iterator[str]:
        """What was wrong with answers of this operation."""
        drawn = self.schema[operation.shown_path][operation.method]
        for mode in MODES:
            try:
                self._sent(drawn.as_strategy(generation_mode=mode))
            except Unsatisfiable:
                pass  # nothing is taken, so nothing can be taken wrongly
            except (FailureGroup, AssertionError) as failure:
                yield f"{operation.example_name} ({mode.value}): {failure}"

    def _sent(self, strategy: Any) -> None:
        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, is_known=st.booleans())
        def hold(case: Any, is_known: bool) -> None:
            if is_known:
                known = {name: self.found.ids.get(name, value) for name, value in (case.path_parameters or {}).items()}
                case.path_parameters = known
            headers = {"Authorization": f"Bearer {self.found.api.key}"}
            response = case.call(base_url=self.found.api.url, headers=headers, timeout=20)
            case.validate_response(response, checks=HELD)

        hold()


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # its own; those of the API are errors in every other test
async def test_no_answer_is_a_server_error_or_outside_its_schema(api: Api, full: bool) -> None:
    schema = schemathesis.openapi.from_dict(document("http://127.0.0.1", "http://127.0.0.1", closed=True))
    async with filled(api) as found:
        fuzzing = Fuzzing(schema, found, MANY if full else FEW)
        failures = await asyncio.to_thread(lambda: [said for each in FUZZED for said in fuzzing.failures(each)])
    assert failures == []
