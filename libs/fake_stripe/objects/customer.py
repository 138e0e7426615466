"""Customers."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.catalog import Stamp


def customer(stamp: Stamp, email: str | None, name: str | None) -> Json:
    """Build a customer without a currency yet: the first subscription or invoice gives it one."""
    return {
        "id": stamp.id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": stamp.created,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "individual_name": None,
        "invoice_prefix": stamp.id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": stamp.livemode,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def deleted_customer(customer_id: str) -> Json:
    """Build what a retrieve gives once the customer is gone."""
    return {"id": customer_id, "object": "customer", "deleted": True}
