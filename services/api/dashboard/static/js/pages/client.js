// One client: what it pays, since when, what went wrong, to whom its customers were mapped, and why each figure is what it is.

import { all, get } from "../api.js";
import { h, show } from "../dom.js";
import { amount, count, day, instant, money, words } from "../format.js";
import { badge, csvButton, empty, loading, pages, panel, table, terms } from "../parts.js";
import { timeChart } from "../charts.js";
import { endOf, points } from "../series.js";
import { severityBadge } from "./alerts.js";
import { healthBadge, statusBadge } from "./clients.js";
import { mappingOf } from "./mapping.js";

const SUBSCRIPTIONS = [
  { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
  { title: "Customer", cell: (row) => h("code", {}, row.customer), text: (row) => row.customer },
  { title: "Plans", cell: (row) => row.plans.join(", "), text: (row) => row.plans.join(" ") },
  { title: "Status", cell: (row) => words(row.status), text: (row) => row.status },
  { title: "Counts", cell: (row) => (row.counted ? "yes" : words(row.rule)), text: (row) => row.counted },
  { title: "Renews", cell: (row) => instant(row.renews_at), text: (row) => row.renews_at },
  { title: "MRR", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
  { title: "Currency", cell: (row) => (row.currency || "").toUpperCase(), text: (row) => row.currency },
];

export function render({ signal, session }) {
  const id = decodeURIComponent(location.pathname.slice("/clients/".length));
  const path = `/api/clients/${encodeURIComponent(id)}`;
  const title = h("h1", {}, id);
  return [
    h("div", { class: "bar" }, title, h("a", { href: "/clients" }, "All clients")),
    loading(() => get(path, {}, signal), (found) => { title.textContent = found.name || id; return head(found); }, signal),
    panel("MRR over time", loading(() => get("/api/metrics/mrr", { client: id, interval: "week", from: yearAgo(), to: today() }, signal), course, signal)),
    h("div", { class: "columns" },
      panel("Timeline", pages((cursor) => get(`${path}/timeline`, { cursor, limit: 30 }, signal), timeline, signal)),
      panel("Explain", explain(id, signal))),
    panel("Subscriptions", loading(() => get(`${path}/subscriptions`, {}, signal), (found) => (found.data.length
      ? table(SUBSCRIPTIONS, found.data, { caption: "Subscriptions" }) : empty("No subscriptions.")), signal),
    csvButton(`subscriptions-${id}`, SUBSCRIPTIONS, () => all(`${path}/subscriptions`, {}))),
    panel("Customers", loading(() => get(path, {}, signal), (found) => mappingOf(found, session, signal), signal)),
  ];
}

const today = () => new Date().toISOString().slice(0, 10);
const yearAgo = () => new Date(Date.now() - 365 * 86400000).toISOString().slice(0, 10);

function head(found) {
  return h("div", { class: "columns" },
    panel("Now", terms([["MRR", money(found.mrr)], ["ARR", money(found.arr)], ["Status", statusBadge(found.status)], ["Segment", words(found.segment)],
      ["Subscriptions", count(found.active_subscriptions)], ["Paying since", day(found.first_paid_at)], ["As of", instant(found.as_of)],
      ["Incomplete", found.incomplete?.length ? h("ul", { class: "why" }, found.incomplete.map((one) => h("li", {}, `${one.subscription}: ${one.reason}`))) : null]])),
    panel("Health", found.health ? h("div", {}, h("p", { class: "figure" }, healthBadge(found.health), " of 100"),
      table([{ title: "Part", cell: (row) => words(row.name) }, { title: "Weight", number: true, cell: (row) => count(row.weight) },
        { title: "Value", number: true, cell: (row) => count(row.value) }, { title: "Why", cell: (row) => row.why }], found.health.parts, { caption: "Parts of the health score" }))
      : empty("No score yet.")));
}

function course(found) {
  const all_ = points(found);
  if (all_.every((one) => one.value === null)) return empty("Nothing to draw: several currencies, or no revenue yet.");
  const code = endOf(found);
  return timeChart({ days: all_.map((one) => one.day), label: "MRR over the last year", tell: (value) => (value === null ? "–" : amount(value, code)),
    lines: [{ label: "MRR", values: all_.map((one) => one.value), color: "--accent" }] });
}

function timeline(rows) {
  if (!rows.length) return empty("Nothing has happened yet.");
  return h("ul", { class: "list" }, rows.map((row) => h("li", {}, h("span", { class: "quiet" }, instant(row.at)), " ", happening(row))));
}

function happening({ kind, movement, signal, invoice }) {
  if (kind === "movement") {
    const falls = String(movement.amount.amount ?? movement.amount).startsWith("-");
    return [badge(words(movement.kind), falls ? "bad" : "good"), " ", movement.amount.amount ? money(movement.amount) : amount(movement.amount, movement.currency), " ", words(movement.reason),
      movement.caused_by.length ? h("div", { class: "quiet" }, movement.caused_by.join(", ")) : null];
  }
  if (kind === "signal") return [severityBadge(signal.severity), " ", signal.message, " ", words(signal.status)];
  return [badge(words(kind), kind === "payment_failed" ? "bad" : "good"), " ", invoice ? [money(invoice.amount_due), " ", h("code", {}, invoice.invoice)] : null];
}

function explain(id, signal) {
  const told = h("div", { "aria-live": "polite" });
  const at = h("input", { type: "datetime-local", "aria-label": "At which instant; empty: now" });
  const ask = () => show(told, loading(() => get("/api/mrr/explain", { client: id, at: at.value ? new Date(at.value).toISOString() : null }, signal), unfolded, signal));
  return h("div", {}, h("p", { class: "tools" }, at, h("button", { type: "button", class: "primary", onclick: ask }, "Explain this figure")), told);
}

function unfolded(found) {
  const open = found.subscriptions.length < 4;
  return h("div", {},
    h("p", {}, h("strong", {}, money(found.mrr)), ` at ${instant(found.at)}`, found.agrees === false ? badge("differs from the list", "bad") : null),
    found.subscriptions.length ? null : empty("No subscription adds anything at that instant."),
    found.subscriptions.map((one) => h("details", { open }, h("summary", {}, h("code", {}, one.subscription), " ", money(one.mrr), " ", one.counted ? "" : badge(words(one.rule))),
      h("ul", { class: "why" }, one.items.map((item) => h("li", {}, h("strong", {}, money(item.mrr)), " ", h("code", {}, item.price || item.item),
        h("ul", { class: "why" }, item.why.map((reason) => h("li", {}, reason)))))),
      [...one.notes, ...one.incomplete].map((note) => h("p", { class: "quiet" }, note)),
      h("p", { class: "quiet" }, `From ${one.source.event || "a snapshot"} of ${instant(one.source.at)}`,
        one.next_change ? `; the clock changes it at ${instant(one.next_change)}` : ""))));
}
