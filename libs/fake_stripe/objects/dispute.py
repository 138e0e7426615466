"""Disputes: a customer's bank takes a payment back until the merchant has proved it right."""

from libs.fake_stripe.json_types import Json, filled
from libs.fake_stripe.objects.catalog import Stamp

_EVIDENCE = (
    "access_activity_log appeal billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip"
    " customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id"
    " product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date"
    " service_documentation shipping_address shipping_carrier shipping_date shipping_documentation"
    " shipping_tracking_number uncategorized_file uncategorized_text"
)
_DAYS_TO_ANSWER = 9

_BLANK_DISPUTE: Json = {
    "id": None,
    "object": "dispute",
    "amount": 0,
    "balance_transactions": [],
    "charge": None,
    "created": None,
    "currency": "usd",
    "enhanced_eligibility_types": [],
    "evidence": dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
    "evidence_details": {
        "due_by": None,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    },
    "intended_submission_method": None,
    "is_charge_refundable": False,
    "livemode": False,
    "metadata": {},
    "network_reason_code": "10.4",
    "payment_intent": None,
    "payment_method_details": {
        "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
        "type": "card",
    },
    "reason": "fraudulent",
    "status": "needs_response",
}


def dispute(stamp: Stamp, charge: Json, reason: str) -> Json:
    """Build the dispute of a whole charge."""
    made = filled(
        _BLANK_DISPUTE,
        id=stamp.id,
        amount=charge["amount"],
        charge=charge["id"],
        created=stamp.created,
        currency=charge["currency"],
        livemode=stamp.livemode,
        payment_intent=charge["payment_intent"],
        reason=reason,
    )
    made["evidence_details"]["due_by"] = stamp.created + _DAYS_TO_ANSWER * 86_400
    return made
