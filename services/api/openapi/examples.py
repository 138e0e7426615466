"""An example request for each operation; the tests send every one of them, and the document shows them."""

from collections.abc import Mapping

Json = dict[str, object]

EXAMPLES: Mapping[str, Json] = {}
