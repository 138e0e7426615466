"""What a project has set of mapping: which metadata names a client, and what it thinks of mail domains itself."""

from typing import Annotated

import msgspec

from libs.wire.mail_domains import folded_domain, registrable
from libs.wire.records import MappingOptions
from services.api.parameters import Body
from services.api.problems import FieldError, Refused, bad_body

Domains = Annotated[list[str], msgspec.Meta(max_length=1000)]


class MappingBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; a list replaces the whole list."""

    metadata_key: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    free_domains: Domains | None = None
    own_domains: Domains | None = None

    def applied(self, held: MappingOptions) -> MappingOptions:
        """The options with the change in them. Raises Refused naming what is no domain."""
        return MappingOptions(
            metadata_key=self.metadata_key or held.metadata_key,
            free_domains=_domains("free_domains", self.free_domains, held.free_domains),
            own_domains=_domains("own_domains", self.own_domains, held.own_domains),
        )


def _domains(name: str, given: list[str] | None, held: tuple[str, ...]) -> tuple[str, ...]:
    if given is None:
        return held
    wrong = [place for place, text in enumerate(given) if registrable(folded_domain(text)) is None]
    if wrong:
        raise Refused(bad_body([FieldError(f"mapping.{name}[{place}]", "is no domain") for place in wrong]))
    return tuple(sorted({folded_domain(text) for text in given}))
