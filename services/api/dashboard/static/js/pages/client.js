// One client: what it pays, since when, what went wrong, to whom its customers were mapped, and why each figure is what it is.

import { all, get } from "../api.js";
import { currencyText, mainCurrency, moneyFigure, moneyText } from "../amounts.js";
import { course } from "../course.js";
import { h, show } from "../dom.js";
import { count, day, money, title, words } from "../format.js";
import { empty, loading, pages, panel, partial, termsAcross } from "../parts.js";
import { clientName, csvButton, id, table, time } from "../tables.js";
import { healthMeter, statusBadge } from "./clients.js";
import { explain } from "../explain.js";
import { mappingOf } from "./mapping.js";
import { happenings, timelineButton } from "../happenings.js";

const SUBSCRIPTIONS = [
  { title: "Subscription", cell: (row) => id(row.subscription), text: (row) => row.subscription },
  { title: "MRR", number: true, first: true, cell: (row) => money(row.mrr), text: (row) => moneyText(row.mrr) },
  { title: "Currency", text: (row) => currencyText(row.mrr) },
  { title: "Plans", cell: (row) => h("span", { class: "clip", title: row.plans.join(", ") }, row.plans.join(", ") || "–"), text: (row) => row.plans.join(" ") },
  { title: "Status", cell: (row) => title(row.status), text: (row) => row.status },
  { title: "Counts", cell: (row) => (row.counted ? "yes" : words(row.rule)), text: (row) => row.counted },
  { title: "Renews", cell: (row) => time(row.renews_at), text: (row) => row.renews_at },
  { title: "Customer", lean: true, cell: (row) => id(row.customer), text: (row) => row.customer },
];
const PARTS = [
  { title: "Part", cell: (row) => title(row.name), text: (row) => row.name },
  { title: "Weight", number: true, cell: (row) => `${count(row.weight)} %`, text: (row) => row.weight },
  { title: "Value", number: true, cell: (row) => healthMeter({ score: row.value }), text: (row) => row.value },
  { title: "Why", block: true, cell: (row) => row.why, text: (row) => row.why },
];

export function render({ signal, session }) {
  const client = decodeURIComponent(location.pathname.slice("/clients/".length));
  const path = `/api/clients/${encodeURIComponent(client)}`;
  const heading = h("h1", {}, clientName(client));
  const told = h("span", { class: "tools" });
  const found = get(path, {}, signal);
  const latest = get(`${path}/timeline`, { limit: 100 }, signal);
  latest.catch(() => null);
  return [
    h("div", { class: "bar" }, heading, told, h("a", { href: "/clients" }, "All clients")),
    loading(() => found, (one) => { heading.textContent = clientName(client, one.name); show(told, statusBadge(one.status)); return head(one); }, signal),
    panel("Revenue, payments and signals", loading(() => latest, (page) => (page.data.length ? course(page.data) : empty("Nothing has happened yet.")), signal, "tall")),
    panel("Explain", explain(client, signal)),
    panel("Subscriptions", pages((cursor) => get(`${path}/subscriptions`, { cursor }, signal), (rows) => (rows.length ? table(SUBSCRIPTIONS, rows, { caption: "Subscriptions" }) : empty("No subscriptions.")), signal),
      csvButton(`subscriptions-${client}`, SUBSCRIPTIONS, () => all(`${path}/subscriptions`, {}))),
    h("div", { class: "columns half" }, panel("Customers", loading(() => found, (one) => mappingOf(one, session, signal), signal)), panel("Health", loading(() => found, health, signal))),
    panel("Timeline", happenings(path, signal), timelineButton(client, path)),
  ];
}

function head(found) {
  const main = mainCurrency(found.mrr, null);
  const card = (name, content) => h("section", { class: "card" }, h("h2", {}, name), h("div", { class: "figure" }, content));
  return h("div", { class: "stack" },
    found.incomplete?.length ? partial("This client's figure is not complete yet:", h("ul", { class: "why" }, found.incomplete.map((one) => h("li", {}, id(one.subscription), ` ${words(one.reason)}`)))) : null,
    h("div", { class: "cards" }, card("MRR", moneyFigure(found.mrr, main, false)), card("ARR", moneyFigure(found.arr, main, false)),
      card("Health", healthMeter(found.health)), card("Open signals", count(found.open_signals.length))),
    h("div", { class: "panel" }, termsAcross([["Client", id(found.client)], ["Segment", found.segment ? title(found.segment) : "–"], ["Subscriptions", count(found.active_subscriptions)],
      ["Paying since", day(found.first_paid_at)], ["Domains", found.domains?.join(", ") || null], ["As of", time(found.as_of)]])));
}

const health = (found) => (found.health ? table(PARTS, found.health.parts, { caption: "Parts of the health score" }) : empty("No score yet."));
