// All clients: search, filters, sorting, all of it in the address.

import { all, get } from "../api.js";
import { h } from "../dom.js";
import { count, money, words } from "../format.js";
import { badge, choice, csvButton, empty, pages, panel, table } from "../parts.js";
import { changed, go, link } from "../place.js";
import { sparkline } from "../charts.js";

const STATUS_KINDS = { active: "good", at_risk: "bad", churned: "warn", none: "" };
const STATUSES = [["", "all"], ["active", "active"], ["at_risk", "at risk"], ["churned", "churned"], ["none", "no revenue"]];
const SEGMENTS = [["", "all"], ["enterprise", "Enterprise"], ["growth", "Growth"], ["starter", "Starter"]];

export const statusBadge = (status) => badge(words(status), STATUS_KINDS[status]);
export const healthBadge = (health) => (health?.score === undefined || health?.score === null ? "–"
  : badge(String(health.score), health.score >= 70 ? "good" : health.score >= 40 ? "warn" : "bad"));

const COLUMNS = [
  { title: "Client", sort: "name", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.name || row.client), text: (row) => row.name },
  { title: "Id", cell: (row) => h("code", { class: "quiet" }, row.client), text: (row) => row.client },
  { title: "Status", cell: (row) => statusBadge(row.status), text: (row) => row.status },
  { title: "Segment", cell: (row) => words(row.segment), text: (row) => row.segment },
  { title: "Health", sort: "health", number: true, cell: (row) => healthBadge(row.health), text: (row) => row.health?.score },
  { title: "Signals", number: true, cell: (row) => (row.open_signals.length ? h("a", { href: link("/alerts", { client: row.client }) }, String(row.open_signals.length)) : "0"), text: (row) => row.open_signals.length },
  { title: "MRR", sort: "mrr", number: true, cell: (row) => money(row.mrr), text: (row) => (row.mrr?.amount ?? JSON.stringify(row.mrr_by_currency)) },
  { title: "Currency", cell: (row) => (row.mrr?.currency || "").toUpperCase(), text: (row) => row.mrr?.currency },
  { title: "Course", cell: (row) => course(row) },
  { title: "Subscriptions", number: true, cell: (row) => count(row.active_subscriptions), text: (row) => row.active_subscriptions },
];

function course(row) {
  const place = h("span", {});
  const watching = new IntersectionObserver(async ([seen]) => {
    if (!seen.isIntersecting) return;
    watching.disconnect();
    const found = await get("/api/metrics/mrr", { client: row.client, interval: "week" }).catch(() => null);
    if (found) place.replaceChildren(sparkline(found.points.map((one) => one.value?.amount ?? null), `MRR of ${row.name} over time`));
  });
  watching.observe(place);
  return place;
}

export function render({ parameters, signal }) {
  const { q = "", status = "", segment = "", sort = "-mrr", mode, min_mrr: minimum = "" } = parameters;
  const asked = { q, status, segment, sort, mode, min_mrr: minimum };
  const draw = (rows) => (rows.length
    ? table(COLUMNS, rows, { caption: "Clients", sorted: sort, onsort: (by) => go(changed({ sort: by })) })
    : empty(q || status || segment || minimum ? "No client matches." : "There are no clients yet.",
      h("a", { href: q || status || segment ? "/clients" : "/integration" }, q || status || segment ? "Show all" : "Connect a Stripe account")));
  return [
    h("div", { class: "bar" }, h("h1", {}, "Clients"),
      h("form", { role: "search", class: "tools", onsubmit: (event) => { event.preventDefault(); go(changed(Object.fromEntries(new FormData(event.target)))); } },
        h("input", { name: "q", type: "search", value: q, placeholder: "Name, id or customer", "aria-label": "Search clients", maxlength: 200 }),
        h("input", { name: "min_mrr", inputmode: "decimal", pattern: "[0-9]*(\\.[0-9]+)?", value: minimum, placeholder: "MRR from", "aria-label": "Least MRR", size: 9 }),
        h("button", { type: "submit" }, "Search")),
      choice("Status", STATUSES, status, (value) => go(changed({ status: value }))),
      choice("Segment", SEGMENTS, segment, (value) => go(changed({ segment: value })))),
    panel("List", pages((cursor) => get("/api/clients", { ...asked, cursor, limit: 50 }, signal), draw, signal),
      csvButton("clients", COLUMNS, () => all("/api/clients", asked))),
  ];
}
