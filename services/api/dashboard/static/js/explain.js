// A figure taken apart: subscription, item, rule, and the event that said so.

import { get } from "./api.js";
import { amountsOf } from "./amounts.js";
import { h, show } from "./dom.js";
import { amount, count, digits, instant, money, words } from "./format.js";
import { badge, empty, loading } from "./parts.js";
import { id, time } from "./tables.js";

/** Asks for now or another instant, and shows the answer unfolded. */
export function explain(client, signal) {
  const told = h("div", { "aria-live": "polite" });
  const at = h("input", { type: "datetime-local", "aria-label": "At which instant; empty: now" });
  const ask = () => show(told, loading(() => get("/api/mrr/explain", { client, at: at.value ? new Date(at.value).toISOString() : null }, signal), unfolded, signal));
  return h("div", { class: "stack" }, h("p", { class: "tools" }, h("span", { class: "quiet" }, "Why is this client's MRR what it is, now or at"), at,
    h("button", { type: "button", class: "primary", onclick: ask }, "Explain this figure")), told);
}

function unfolded(found) {
  const few = found.subscriptions.length < 4;
  return h("div", {},
    h("p", {}, h("strong", {}, money(found.mrr)), ` at ${instant(found.at)} `, found.agrees === false ? badge("differs from the list", "bad") : found.agrees ? badge("as in the list, to the last fraction", "good") : null,
      found.unreadable_records ? badge(`${count(found.unreadable_records)} records could not be read`, "bad") : null),
    found.subscriptions.length ? found.subscriptions.map((one) => subscription(one, few)) : empty("No subscription adds anything at that instant."));
}

const subscription = (one, open) => h("details", { open, class: "unfolded" },
  h("summary", {}, h("code", {}, one.subscription), h("strong", {}, money(one.mrr)), h("span", { class: "quiet" }, words(one.status)), one.counted ? null : badge(words(one.rule), "warn")),
  h("ul", { class: "why" }, one.items.map(item)),
  [...one.notes, ...one.incomplete].map((note) => h("p", { class: "quiet" }, note)),
  h("p", { class: "quiet small" }, "From ", one.source.event ? id(one.source.event) : "a snapshot", " of ", time(one.source.at), one.next_change ? [". The clock changes it ", time(one.next_change)] : ""));

function item(one) {
  const priced = one.unit_amount ? [digits(String(one.unit_amount)), one.quantity === null ? "" : ` × ${count(one.quantity)}`, one.interval ? ` every ${one.interval_count > 1 ? `${one.interval_count} ${one.interval}s` : one.interval}` : ""].join("") : null;
  return h("li", {}, h("strong", {}, money(one.mrr)), " from ", id(one.price || one.item), priced ? h("span", { class: "quiet" }, ` (${priced})`) : null,
    h("div", { class: "quiet" }, [one.why].flat().join("; "), discounted(one), one.exact?.includes("/") ? ` Exactly ${one.exact} of the smallest unit.` : ""));
}

const discounted = ({ discount }) => amountsOf(discount).some(([, text]) => Number(text)) ? `; less ${amount(discount.amount, discount.currency)} of discounts.` : "";
