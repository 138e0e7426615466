"""The quick start's page is what `./run quick-start` follows."""

import pytest

from tests.dashboard.quick_start import GUIDE, PRINTED, ROOT, Guide


def test_the_page_tells_the_commands_that_are_followed() -> None:
    guide = Guide.of((ROOT / GUIDE).read_text())
    assert (guide.demo, guide.check) == ("./run demo", "./run demo --check")
    assert "$KEY" in guide.question
    assert "$API" in guide.question


def test_a_page_with_other_commands_is_not_followed() -> None:
    with pytest.raises(ValueError, match="other commands"):
        Guide.of("```sh\n./run demo\n```\n")


def test_the_addresses_are_read_as_the_page_shows_them() -> None:
    text = (ROOT / GUIDE).read_text().replace("…", "1")
    assert all(pattern.search(text) for pattern in PRINTED.values())
