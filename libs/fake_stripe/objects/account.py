"""The account itself."""

from libs.fake_stripe.json_types import Json


def account(account_id: str) -> Json:
    """Build what a key's owner sees of the account."""
    return {
        "id": account_id,
        "object": "account",
        "business_profile": None,
        "business_type": "company",
        "capabilities": {},
        "charges_enabled": True,
        "company": None,
        "controller": {"type": "account"},
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": None,
        "tos_acceptance": {},
        "type": "standard",
    }
