"""The addresses of Stripe accounts: connecting them, reading them, and what a project sets."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import (
    connect,
    disconnect,
    oauth_start,
    settings,
    settings_preview,
    status,
    syncs,
    webhook_secrets,
)
from services.api.models import stripe as of_stripe
from services.api.models.access import NewSigningSecret, SigningSecrets
from services.api.models.settings import Settings, SettingsPreview
from services.api.promise import Promise, nothing

STRIPE = "/api/integrations/stripe"
SECRETS = f"{STRIPE}/webhook-secrets"

START = Promise(of_stripe.OAuthStart, also=((HTTPStatus.SEE_OTHER, None),), codes=("oauth_not_configured",))
CONNECT = Promise(
    of_stripe.Connected,
    body=connect.ConnectBody,
    status=HTTPStatus.CREATED,
    codes=("secret_key_refused", "not_a_restricted_key", "stripe_key_invalid", "permissions_missing"),
)
SYNC = Promise(
    of_stripe.RunAnswer,
    body=syncs.SyncBody,
    status=HTTPStatus.ACCEPTED,
    codes=("not_found", "not_connected", "connection_not_named", "sync_running", "sync_too_soon"),
)
NEW_SECRET = Promise(NewSigningSecret, body=webhook_secrets.SecretBody, status=HTTPStatus.CREATED)
DISCONNECT = nothing("not_found", "not_connected", "connection_not_named", query=disconnect.DisconnectQuery)

STRIPE_ROUTES = (
    Route("GET", f"{STRIPE}/start", Scope.ADMIN, oauth_start.start_oauth, START),
    Route("POST", f"{STRIPE}/key", Scope.ADMIN, connect.connect_by_key, CONNECT),
    Route("DELETE", STRIPE, Scope.ADMIN, disconnect.disconnect, DISCONNECT),
    Route("GET", f"{STRIPE}/status", Scope.READ, status.stripe_status, Promise(of_stripe.Status)),
    Route("POST", f"{STRIPE}/sync", Scope.SYNC, syncs.start_sync, SYNC),
    Route("GET", f"{STRIPE}/syncs", Scope.READ, syncs.sync_list, Promise(of_stripe.Runs, syncs.SyncsQuery)),
    Route("GET", f"{STRIPE}/syncs/{{run}}", Scope.READ, syncs.sync_run, Promise(of_stripe.RunAnswer)),
    Route(
        "DELETE",
        f"{STRIPE}/syncs/{{run}}",
        Scope.SYNC,
        syncs.cancel_sync,
        Promise(of_stripe.RunAnswer, codes=("sync_over",)),
    ),
    Route("GET", f"{STRIPE}/settings", Scope.READ, settings.show_settings, Promise(Settings)),
    Route(
        "PATCH",
        f"{STRIPE}/settings",
        Scope.ADMIN,
        settings.change_settings,
        Promise(Settings, body=settings.SettingsBody),
    ),
    Route(
        "POST",
        f"{STRIPE}/settings/preview",
        Scope.ADMIN,
        settings_preview.preview_settings,
        Promise(SettingsPreview, body=settings_preview.PreviewBody),
    ),
    Route("GET", SECRETS, Scope.ADMIN, webhook_secrets.secret_list, Promise(SigningSecrets)),
    Route("POST", SECRETS, Scope.ADMIN, webhook_secrets.add_secret, NEW_SECRET),
    Route("DELETE", f"{SECRETS}/{{secret}}", Scope.ADMIN, webhook_secrets.revoke_secret, nothing()),
)
