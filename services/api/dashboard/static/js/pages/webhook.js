// The webhook's set-up in three steps: the address, the secret, and whether a test event has come.

import { get, post, remove } from "../api.js";
import { h, show } from "../dom.js";
import { dialog, empty, failure, field, form, loading, panel } from "../parts.js";
import { id, since, table, time } from "../tables.js";
import { state } from "./syncs.js";

const STRIPE = "/api/integrations/stripe";
const LOOK_MS = 2000;
const LOOKS = 45;
const EVENTS = "customer.* · customer.subscription.* · invoice.* · charge.* · coupon.* · price.* · product.*";

export function webhookPanel(signal) {
  const address = loading(() => get(`${STRIPE}/status`, {}, signal), (found) => copyable(found.webhook_url), signal);
  const secrets = loading(() => get(`${STRIPE}/webhook-secrets`, {}, signal), ({ data }) => (data.length
    ? table(columns(() => secrets.again()), data, { caption: "Signing secrets" }) : empty("No signing secret is set: webhooks are refused until one is.")), signal);
  return panel("Webhook", h("ol", { class: "steps" },
    h("li", {}, h("div", {}, h("strong", {}, "Add an endpoint in Stripe"), h("p", { class: "quiet" }, "Developers, Webhooks, Add endpoint, with this address:"), address,
      h("p", { class: "quiet small" }, "Events: ", EVENTS))),
    h("li", {}, h("div", {}, h("strong", {}, "Give its signing secret"), secrets,
      form("Add the secret", field("Signing secret", { name: "secret", type: "password", autocomplete: "off", required: true, placeholder: "whsec_…" }),
        async ({ secret }, sent) => { await post(`${STRIPE}/webhook-secrets`, { secret: secret.trim() }); sent.reset(); secrets.again(); return "Kept. Deliveries signed with it are taken from now on."; }))),
    h("li", {}, h("div", {}, h("strong", {}, "Send a test"), h("p", { class: "quiet" }, "In Stripe, open the endpoint and press “Send test event”."), testing(signal)))));
}

const columns = (again) => [
  { title: "Secret", cell: (row) => id(row.hint) },
  { title: "Since", cell: (row) => time(row.created_at) },
  { title: "Do", hidden: true, bare: true, cell: (row) => h("button", { type: "button", class: "plain", onclick: () => dialog("Refuse this secret?", (close) => [
    h("p", {}, "Webhooks signed with ", h("code", {}, row.hint), " are refused from then on."),
    form("Refuse it", [], async () => { await remove(`${STRIPE}/webhook-secrets/${encodeURIComponent(row.id)}`); close(); again(); }, { danger: true })]) }, "Remove…") },
];

function copyable(text) {
  const button = h("button", { type: "button", class: "plain", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(shown);
      button.textContent = "Press Ctrl-C";
    }
  } }, "Copy");
  const shown = h("code", {}, text);
  return h("div", { class: "copy" }, shown, button);
}

/** Looks until an event has come that had not been there before. */
function testing(signal) {
  const told = h("div", { "aria-live": "polite" });
  const webhook = async () => (await get(`${STRIPE}/status`, {}, signal)).connections[0]?.webhook ?? { state: "unset", last_event_at: null };
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    try {
      const before = await webhook();
      show(told, h("p", {}, state(before.state), before.last_event_at ? [" The last event came ", since(before.last_event_at), ". Waiting for the next…"] : " No event has come yet. Waiting…"));
      show(told, await arrival(before.last_event_at, webhook, signal));
    } catch (error) {
      if (error.name !== "AbortError") show(told, failure(error));
    }
    button.disabled = false;
  } }, "Wait for the test event");
  return [h("p", {}, button), told];
}

async function arrival(before, webhook, signal) {
  for (let look = 0; look < LOOKS && !signal.aborted; look += 1) {
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    const now = await webhook();
    if (now.last_event_at && now.last_event_at !== before) return h("p", { class: "done" }, "It has come: the webhook works.");
    if (now.state === "failing") return h("p", { class: "down" }, "A delivery came and was refused: its signature fits none of the secrets above.");
  }
  return h("p", {}, "Nothing came within a minute and a half. Is the address reachable from outside, and is the endpoint enabled?");
}
