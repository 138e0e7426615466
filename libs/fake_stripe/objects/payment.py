"""Payment intents, charges and refunds: what happens when money is asked for."""

from dataclasses import dataclass

from libs.fake_stripe.json_types import Json, filled
from libs.fake_stripe.objects.catalog import Stamp

_BLANK_INTENT: Json = {
    "id": None,
    "object": "payment_intent",
    "allowed_payment_method_types": None,
    "amount": 0,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic",
    "client_secret": None,
    "confirmation_method": "automatic",
    "created": None,
    "currency": "usd",
    "customer": None,
    "customer_account": None,
    "description": "Subscription update",
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "livemode": False,
    "metadata": {},
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": None,
    "payment_method_types": ["card"],
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "transfer_group": None,
}

_BLANK_CHARGE: Json = {
    "id": None,
    "object": "charge",
    "amount": 0,
    "amount_captured": 0,
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
    "calculated_statement_descriptor": None,
    "captured": False,
    "created": None,
    "currency": "usd",
    "customer": None,
    "description": None,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "livemode": False,
    "metadata": {},
    "on_behalf_of": None,
    "outcome": None,
    "paid": False,
    "payment_intent": None,
    "payment_method": None,
    "payment_method_details": None,
    "receipt_email": None,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "failed",
    "transfer_data": None,
    "transfer_group": None,
}


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card said no, in the words of Stripe's decline codes."""

    code: str
    decline_code: str
    message: str
    advice: str


def payment_intent(stamp: Stamp, bill: Json) -> Json:
    """Build the intent to collect what an invoice leaves due."""
    return filled(
        _BLANK_INTENT,
        id=stamp.id,
        amount=bill["amount_remaining"],
        client_secret=f"{stamp.id}_secret_fake",
        created=stamp.created,
        currency=bill["currency"],
        customer=bill["customer"],
        livemode=stamp.livemode,
    )


def charge(stamp: Stamp, intent: Json, decline: Decline | None) -> Json:
    """Build one attempt to charge a card, declined or not."""
    built = filled(
        _BLANK_CHARGE,
        id=stamp.id,
        amount=intent["amount"],
        created=stamp.created,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        livemode=stamp.livemode,
        outcome=_outcome(decline),
        payment_intent=intent["id"],
    )
    if decline:
        return built | {"failure_code": decline.code, "failure_message": decline.message}
    return built | {"amount_captured": intent["amount"], "captured": True, "paid": True, "status": "succeeded"}


def last_payment_error(decline: Decline, charge_id: str) -> Json:
    """Build the error that a payment intent keeps of its last failed charge."""
    return {
        "advice_code": decline.advice,
        "charge": charge_id,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "type": "card_error",
    }


def refund(stamp: Stamp, of_charge: Json, amount: int) -> Json:
    """Build a refund of all or a part of a charge."""
    return {
        "id": stamp.id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of_charge["id"],
        "created": stamp.created,
        "currency": of_charge["currency"],
        "customer": of_charge["customer"],
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": of_charge["payment_intent"],
        "payment_method": None,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _outcome(decline: Decline | None) -> Json:
    if decline is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "advice_code": decline.advice,
        "network_advice_code": None,
        "network_decline_code": "05",
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
