// The Stripe accounts: connecting them, what may be read, how far reading has come, what drifted, what is set.

import { get, post, remove } from "../api.js";
import { h } from "../dom.js";
import { ago, count, rate, title } from "../format.js";
import { badge, dialog, empty, failure, field, form, loading, panel, partial, terms } from "../parts.js";
import { csvOf, id, since, table, time } from "../tables.js";
import { settingsPanel } from "./settings.js";
import { syncsPanel, state } from "./syncs.js";
import { webhookPanel } from "./webhook.js";

const STRIPE = "/api/integrations/stripe";

export function render({ session, signal }) {
  const may = session.scopes.includes("admin");
  const status = loading(() => get(`${STRIPE}/status`, {}, signal), (found) => connections(found, may, () => status.again()), signal, "tall");
  return [
    h("div", { class: "bar" }, h("h1", {}, "Integration")),
    status,
    h("div", { class: "columns half" }, h("div", { class: "stack" }, syncsPanel(session, signal, () => status.again()), may ? connectPanel(() => status.again()) : null), may ? webhookPanel(signal) : null),
    settingsPanel(session, signal),
  ];
}

function connections(found, may, again) {
  if (!found.connections.length) {
    return panel("Connections", empty("No Stripe account is connected yet.", h("span", {}, may ? "Connect one below; the first figures are there within a minute." : "A key with the scope admin may connect one.")));
  }
  return h("div", { class: "stack" }, found.connections.map((one) => connection(one, found, may, again)));
}

function connection(one, { drift, mapping }, may, again) {
  const lacking = (one.permissions || []).filter((each) => !each.read);
  return panel(`${one.name || one.account} · ${one.livemode ? "live" : "test"} mode`, h("div", { class: "stack" },
    one.error ? fault(one.error) : null,
    lacking.length ? partial(`The key may not read ${lacking.map((each) => each.resource).join(", ")}. What follows from them is missing; grant read access at Stripe, then read everything again.`) : null,
    h("div", { class: "columns" },
      terms([["State", state(one.state)], ["Account", id(one.account)], ["Connected", [time(one.connected_at), one.method === "oauth" ? " by Stripe's page" : " by a restricted key"]],
        ["Last success", since(one.last_successful_sync)], ["Next sync", one.next_sync ? since(one.next_sync) : "not by itself"]]),
      terms([["Webhook", [state(one.webhook.state), " ", one.webhook.last_event_at ? ["last event ", since(one.webhook.last_event_at), `, ${count(one.webhook.events_24h)} in 24 hours`] : "no event yet"]],
        ["On their way", one.webhook.skew_seconds === null ? null : `${one.webhook.skew_seconds} s`],
        ["Mapped", `${count(mapping.mapped)} of ${count(mapping.customers)} customers${mapping.mrr_coverage === null ? "" : `, ${rate(mapping.mrr_coverage)} of MRR`}`],
        ["Drift", drift?.checked_at ? [badge(drift.found ? `${count(drift.found)} found, ${count(drift.fixed)} fixed` : "none found", drift.found > drift.fixed ? "bad" : "good"), " ", since(drift.checked_at)] : "not compared yet"]])),
    h("details", { open: one.resources.some((each) => each.last_error) }, h("summary", {}, `What is read: ${one.resources.length} lists`),
      one.resources.length ? [table(RESOURCES, one.resources, { caption: "Resources" }), csvOf("resources", RESOURCES, one.resources)] : empty("Nothing has been read yet.")),
    h("details", { open: lacking.length > 0 }, h("summary", {}, `Permissions: ${count((one.permissions || []).length - lacking.length)} of ${count((one.permissions || []).length)}`),
      table(PERMISSIONS, one.permissions || [], { caption: "What the key may read" }), csvOf("permissions", PERMISSIONS, one.permissions || []))),
  may && one.state !== "disconnected" ? [syncButton(one, "recent", "Refresh 7 days", again), syncButton(one, "full", "Read everything", again), syncButton(one, "reconcile", "Compare with Stripe", again), leaveButton(one, again)] : null);
}

const fault = (error) => h("div", { class: "failure", role: "alert" }, h("strong", {}, error.message), h("p", {}, error.hint),
  h("p", { class: "quiet small" }, error.stripe_request_id ? `Stripe's request ${error.stripe_request_id}. ` : "", error.last_ok ? ["Last good: ", time(error.last_ok)] : ""));

const RESOURCES = [
  { title: "Resource", cell: (row) => title(row.name), text: (row) => row.name },
  { title: "State", bare: true, first: true, cell: (row) => state(row.state), text: (row) => row.state },
  { title: "Rows", number: true, cell: (row) => count(row.rows), text: (row) => row.rows },
  { title: "Read", number: true, cell: (row) => (row.lag_seconds === null || row.lag_seconds === undefined ? "–" : `${ago(row.lag_seconds)} ago`), text: (row) => row.lag_seconds },
  { title: "Last error", block: true, cell: (row) => (row.last_error ? [row.last_error.message || row.last_error.code, h("div", { class: "message" }, row.last_error.hint || "")] : ""), text: (row) => row.last_error?.code },
];
const PERMISSIONS = [
  { title: "Resource", cell: (row) => title(row.resource), text: (row) => row.resource },
  { title: "May read", bare: true, first: true, cell: (row) => badge(row.read ? "yes" : "no", row.read ? "good" : "bad"), text: (row) => row.read },
  { title: "Needed for", block: true, cell: (row) => [row.needed_for].flat().join(", "), text: (row) => [row.needed_for].flat().join(", ") },
];

function syncButton(one, mode, text, again) {
  return h("button", { type: "button", class: "plain", onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try { await post(`${STRIPE}/sync`, { mode, connection: one.id }); document.dispatchEvent(new CustomEvent("sync-asked")); again(); } catch (error) { dialog("No sync was started", () => failure(error)); }
    button.disabled = false;
  } }, text);
}

function leaveButton(one, again) {
  return h("button", { type: "button", class: "plain danger", onclick: () => dialog("Disconnect?", (close) => h("div", { class: "stack" },
    h("p", {}, `Reading of ${one.name || one.account} stops, and access is given back. What was read stays as long as the retention tier says; connecting again goes on from there.`),
    form("Disconnect", [], async () => { await remove(`${STRIPE}?connection=${encodeURIComponent(one.id)}`); close(); again(); }, { danger: true }))) }, "Disconnect…");
}

function connectPanel(again) {
  const oauth = h("button", { type: "button", onclick: async () => {
    oauth.disabled = true;
    try { location.assign((await get(`${STRIPE}/start`)).url); } catch (error) { dialog("Stripe's page can't be used here", () => failure(error)); }
    oauth.disabled = false;
  } }, "Connect on Stripe's page");
  return panel("Connect a Stripe account", h("div", { class: "stack" },
    form("Connect", [field("Restricted key", { name: "key", type: "password", autocomplete: "off", required: true, placeholder: "rk_live_…" },
      "In Stripe: Developers, API keys, Create restricted key, with read access. Keys that may write (sk_…) are refused."),
    field("Label", { name: "label", maxlength: 100, placeholder: "optional" })],
    async ({ key, label }, sent) => {
      const made = await post(`${STRIPE}/key`, { key: key.trim(), label: label || "dashboard" });
      sent.reset();
      document.dispatchEvent(new CustomEvent("sync-asked"));
      again();
      return `Connected. ${made.permissions.filter((each) => each.read).length} of ${made.permissions.length} resources may be read; the first sync is running.`;
    }),
    h("p", { class: "quiet" }, "Or without a key:"), h("p", {}, oauth)));
}
