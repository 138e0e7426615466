"""The rules of mapping with the lists of mail domains that come with packages, as a project's settings change them."""

from libs.domain.mapping import MailRules
from libs.wire.mail_domains import folded_domain, is_open_to_all, registrable
from libs.wire.records import MappingOptions

UNCHANGED = MappingOptions()


def mail_rules(options: MappingOptions = UNCHANGED) -> MailRules:
    """The lists, less the domains that the project takes for its own people's, and with those it takes for free."""
    own = frozenset(map(folded_domain, options.own_domains))
    free = frozenset(map(folded_domain, options.free_domains))
    if not own and not free:
        return MailRules(registrable, is_open_to_all, folded_domain, options.metadata_key)

    def is_open(domain: str) -> bool:
        return domain in free or (domain not in own and registrable(domain) not in own and is_open_to_all(domain))

    return MailRules(registrable, is_open, folded_domain, options.metadata_key)
