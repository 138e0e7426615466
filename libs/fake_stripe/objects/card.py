"""Cards as payment methods, and the warnings that card networks give."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.catalog import Stamp


def card_method(stamp: Stamp, customer: str, exp_month: int, exp_year: int) -> Json:
    """Build a card that pays for a customer."""
    return {
        "id": stamp.id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "description": None,
            "display_brand": "visa",
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": stamp.id[-16:],
            "funding": "credit",
            "generated_from": None,
            "iin": None,
            "issuer": None,
            "last4": "4242",
            "networks": {"available": ["visa"], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": stamp.created,
        "customer": customer,
        "customer_account": None,
        "livemode": stamp.livemode,
        "metadata": {},
        "type": "card",
    }


def fraud_warning(stamp: Stamp, charge: Json) -> Json:
    """Build a card network's early warning that a charge may be disputed as fraud."""
    return {
        "id": stamp.id,
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": charge["id"],
        "created": stamp.created,
        "fraud_type": "made_with_stolen_card",
        "livemode": stamp.livemode,
        "payment_intent": charge["payment_intent"],
    }
