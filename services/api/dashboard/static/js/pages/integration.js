// The Stripe accounts: connecting them, what may be read, how far reading has come, what drifted, what is set.

import { get, post, remove } from "../api.js";
import { h } from "../dom.js";
import { ago, count, instant, rate, words } from "../format.js";
import { badge, dialog, empty, failure, field, form, loading, panel, table, terms } from "../parts.js";
import { settingsPanel } from "./settings.js";

const STATE_KINDS = { active: "good", healthy: "good", succeeded: "good", running: "warn", queued: "", partial: "warn", silent: "warn", unset: "warn", error: "bad", failed: "bad", failing: "bad", revoked: "bad" };
const state = (word) => badge(words(word), STATE_KINDS[word]);
const STRIPE = "/api/integrations/stripe";
const LOOK_MS = 1500;

export function render({ session, signal }) {
  const may = session.scopes.includes("admin");
  const status = loading(() => get(`${STRIPE}/status`, {}, signal), (found) => connections(found, may, () => status.again(), signal), signal);
  return [
    h("h1", {}, "Integration"),
    status,
    h("div", { class: "columns" },
      may ? connectPanel(() => status.again()) : null,
      may ? webhookPanel(session, signal) : null,
      runsPanel(session, signal)),
    settingsPanel(session, signal),
  ];
}

function connections(found, may, again, signal) {
  if (!found.connections.length) return panel("Connections", empty("No Stripe account is connected yet.", h("p", {}, "Connect one below; the first figures are there within a minute.")));
  return found.connections.map((one) => panel(`${one.name || one.account} (${one.livemode ? "live" : "test"} mode)`, h("div", {},
    terms([["State", state(one.state)], ["Account", h("code", {}, one.account)], ["Connected", instant(one.connected_at)],
      ["Last successful sync", instant(one.last_successful_sync)], ["Next sync", instant(one.next_sync)],
      ["Webhook", h("span", {}, state(one.webhook.state), ` last event ${instant(one.webhook.last_event_at)}, ${count(one.webhook.events_24h)} in 24 hours`,
        one.webhook.skew_seconds === null ? "" : `, ${one.webhook.skew_seconds} s on their way`)],
      ["Mapped", `${count(found.mapping.mapped)} of ${count(found.mapping.customers)} customers, ${rate(found.mapping.mrr_coverage)} of MRR`],
      ["Drift", found.drift?.checked_at ? `${count(found.drift.found)} found, ${count(found.drift.fixed)} fixed, ${instant(found.drift.checked_at)}` : "not compared yet"]]),
    one.error ? h("div", { class: "failure", role: "alert" }, h("strong", {}, one.error.message), h("p", {}, one.error.hint),
      h("p", { class: "quiet" }, [one.error.stripe_request_id ? `Stripe's request ${one.error.stripe_request_id}. ` : "", one.error.last_ok ? `Last good: ${instant(one.error.last_ok)}.` : ""].join(""))) : null,
    h("h3", {}, "Resources"),
    one.resources.length ? table(RESOURCES, one.resources, { caption: "Resources" }) : empty("Nothing has been read yet."),
    h("h3", {}, "Permissions"),
    table(PERMISSIONS, one.permissions || [], { caption: "What the key may read" })),
  may ? [syncButton(one, "recent", "Refresh the last 7 days", again), syncButton(one, "full", "Read everything again", again), syncButton(one, "reconcile", "Compare with Stripe", again), leaveButton(one, again)] : null));
}

const RESOURCES = [
  { title: "Resource", cell: (row) => words(row.name) },
  { title: "State", cell: (row) => state(row.state) },
  { title: "Rows", number: true, cell: (row) => count(row.rows) },
  { title: "Behind", number: true, cell: (row) => (row.lag_seconds === null || row.lag_seconds === undefined ? "–" : ago(row.lag_seconds)) },
  { title: "Last error", cell: (row) => (row.last_error ? [row.last_error.message || row.last_error.code, h("div", { class: "quiet" }, row.last_error.hint || "")] : "–") },
];
const PERMISSIONS = [
  { title: "Resource", cell: (row) => words(row.resource) },
  { title: "May read", cell: (row) => badge(row.read ? "yes" : "no", row.read ? "good" : "bad") },
  { title: "Needed for", cell: (row) => (Array.isArray(row.needed_for) ? row.needed_for.join(", ") : row.needed_for) },
];

function syncButton(connection, mode, text, again) {
  const button = h("button", { type: "button", class: "plain", onclick: async () => {
    button.disabled = true;
    try { await post(`${STRIPE}/sync`, { mode, connection: connection.id }); again(); } catch (error) { button.after(failure(error)); }
    button.disabled = false;
  } }, text);
  return button;
}

function leaveButton(connection, again) {
  return h("button", { type: "button", class: "plain danger", onclick: () => dialog("Disconnect?", (close) => [
    h("p", {}, `Reading of ${connection.name || connection.account} stops, and access is given back. What was read stays as long as the retention tier says; connecting again goes on from there.`),
    form("Disconnect", [], async () => { await remove(`${STRIPE}?connection=${encodeURIComponent(connection.id)}`); close(); again(); }, { danger: true })]) }, "Disconnect…");
}

function connectPanel(again) {
  return panel("Connect a Stripe account", h("div", {},
    h("h3", {}, "With a restricted key"),
    h("p", { class: "quiet" }, "In Stripe: Developers, API keys, Create restricted key, with read access. Keys that may write (sk_…) are refused."),
    form("Connect", [field("Restricted key", { name: "key", type: "password", autocomplete: "off", required: true, placeholder: "rk_live_…" }), field("Label", { name: "label", maxlength: 100 })],
      async ({ key, label }) => { const made = await post(`${STRIPE}/key`, { key: key.trim(), label: label || "dashboard" }); again();
        return `Connected. ${made.permissions.filter((one) => one.read).length} of ${made.permissions.length} resources may be read; the first sync is running.`; }),
    h("h3", {}, "With Stripe's own page"),
    h("p", {}, h("a", { href: `${STRIPE}/start`, target: "_self", "data-outside": "1" }, "Go to Stripe"), " and allow reading there.")));
}

function webhookPanel(session, signal) {
  const secrets = loading(() => get(`${STRIPE}/webhook-secrets`, {}, signal), (found) => h("div", {},
    found.url ? [h("p", {}, "Address for the endpoint in Stripe:"), copyable(found.url)] : h("p", { class: "quiet" }, `In Stripe, add an endpoint at this host's /webhooks/stripe/${session.project}.`),
    (found.data || []).length ? table(SECRETS, found.data, { caption: "Signing secrets" }) : empty("No signing secret is set: webhooks are refused until one is.")), signal);
  return panel("Webhook", h("div", {}, secrets,
    form("Add the secret", field("Signing secret", { name: "secret", type: "password", autocomplete: "off", required: true, placeholder: "whsec_…" }),
      async ({ secret }, sent) => { await post(`${STRIPE}/webhook-secrets`, { secret: secret.trim() }); sent.reset(); secrets.again(); return "Kept. Deliveries signed with it are taken from now on."; }),
    h("button", { type: "button", onclick: async (event) => {
      const { webhook } = (await get(`${STRIPE}/status`)).connections[0] || { webhook: { state: "unset" } };
      event.target.after(h("p", { class: "done", role: "status" }, webhook.last_event_at ? `The last event came ${instant(webhook.last_event_at)}: ${words(webhook.state)}.` : "No event has come yet. In Stripe, open the endpoint and press “Send test event”, then look again."));
    } }, "Has a test event come?")));
}

const SECRETS = [
  { title: "Secret", cell: (row) => h("code", {}, row.hint) },
  { title: "Since", cell: (row) => instant(row.created_at) },
];

function copyable(text) {
  return h("p", { class: "tools" }, h("code", {}, text), h("button", { type: "button", class: "plain", onclick: async (event) => {
    await navigator.clipboard.writeText(text);
    event.target.textContent = "Copied";
  } }, "Copy"));
}

function runsPanel(session, signal) {
  const runs = loading(() => get(`${STRIPE}/syncs`, {}, signal), (found) => {
    const rows = found.data || [];
    if (rows.some((one) => one.state === "running" || one.state === "queued") && !signal.aborted) setTimeout(() => { if (!signal.aborted) runs.again(); }, LOOK_MS);
    return rows.length ? h("ul", { class: "list" }, rows.slice(0, 8).map((one) => run(one, session, () => runs.again()))) : empty("Nothing has been read yet.");
  }, signal);
  return panel("Syncs", runs);
}

function run(one, session, again) {
  const going = one.state === "running" || one.state === "queued";
  const resources = one.resources || [];
  return h("li", {}, h("div", { class: "tools" }, h("strong", {}, words(one.mode)), state(one.state), h("span", { class: "quiet" }, instant(one.started_at)),
    going && one.eta_seconds ? h("span", {}, `about ${ago(one.eta_seconds)} left`) : null,
    going && session.scopes.includes("sync") ? h("button", { type: "button", class: "plain", onclick: async () => { await remove(`${STRIPE}/syncs/${one.id}`); again(); } }, "Cancel") : null),
  going ? h("progress", { max: Math.max(1, resources.length), value: resources.filter((each) => each.state === "succeeded").length, "aria-label": "Resources read" }) : null,
  h("p", { class: "quiet" }, resources.map((each) => `${words(each.name)} ${count(each.rows)}`).join(", ")),
  one.error ? h("p", { class: "down" }, `${one.error.message} ${one.error.hint || ""}`) : null,
  resources.filter((each) => each.last_error).map((each) => h("p", { class: "down" }, `${words(each.name)}: ${each.last_error.message || each.last_error.code}`)));
}

