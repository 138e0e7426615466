// All clients: search, filters, sorting, all of it in the address.

import { all, get } from "../api.js";
import { currencyText, moneyCell, moneyText } from "../amounts.js";
import { sparkline } from "../charts.js";
import { h } from "../dom.js";
import { count, title, words } from "../format.js";
import { badge, choice, empty, pages, panel } from "../parts.js";
import { choose, go, link } from "../place.js";
import { clientLink, csvButton, table } from "../tables.js";

const STATUS_KINDS = { active: "good", at_risk: "bad", churned: "warn", none: "" };
const STATUSES = [["", "Any status"], ["active", "Active"], ["at_risk", "At risk"], ["churned", "Churned"], ["none", "No revenue"]];
const SEGMENTS = [["", "All segments"], ["enterprise", "Enterprise"], ["growth", "Growth"], ["starter", "Starter"], ["at_risk", "At risk"]];
const SORTS = [["-mrr", "Most MRR"], ["mrr", "Least MRR"], ["name", "Name"], ["health", "Worst health"], ["-health", "Best health"]];
const TYPING_MS = 250;
const PAGE = 50;

export const statusBadge = (status) => badge(status === "none" ? "No revenue" : title(status), STATUS_KINDS[status]);

const healthKind = (score) => (score >= 70 ? "" : score >= 40 ? "warn" : "bad");

/** A score of 100 as a small bar beside its number. */
export const healthMeter = (health) => (health?.score === undefined || health?.score === null ? "–"
  : h("span", { class: `meter ${healthKind(health.score)}` }, h("i", { "aria-hidden": "true", style: { "--share": `${health.score}%` } }), String(health.score)));

const COLUMNS = [
  { title: "Client", sort: "name", cell: (row) => h("span", { class: "who-cell" }, clientLink(row), row.name && row.name !== row.client ? h("span", { class: "quiet small" }, row.client) : null), text: (row) => row.name },
  { title: "Id", text: (row) => row.client },
  { title: "MRR", sort: "mrr", number: true, first: true, cell: (row) => moneyCell(row.mrr), text: (row) => moneyText(row.mrr) },
  { title: "Currency", text: (row) => currencyText(row.mrr) },
  { title: "12 weeks", bare: true, lean: true, cell: (row) => (row.course ? sparkline(row.course.values, `MRR of ${row.name} over twelve weeks`) : h("span", { class: "quiet" }, "–")) },
  { title: "Status", bare: true, cell: (row) => statusBadge(row.status), text: (row) => row.status },
  { title: "Segment", lean: true, cell: (row) => (row.segment ? title(row.segment) : "–"), text: (row) => row.segment },
  { title: "Health", sort: "health", number: true, cell: (row) => healthMeter(row.health), text: (row) => row.health?.score },
  { title: "Signals", number: true, cell: (row) => (row.open_signals.length ? h("a", { href: link("/alerts", { client: row.client }), "aria-label": `${row.open_signals.length} open signals` }, String(row.open_signals.length)) : h("span", { class: "quiet" }, "0")), text: (row) => row.open_signals.length },
  { title: "Subscriptions", number: true, lean: true, cell: (row) => count(row.active_subscriptions), text: (row) => row.active_subscriptions },
];

export function render({ parameters, signal }) {
  const { q = "", status = "", segment = "", sort = "-mrr", mode, min_mrr: minimum = "" } = parameters;
  const asked = { q, status, segment, sort, mode, min_mrr: minimum };
  const filtered = Boolean(q || status || segment || minimum);
  const draw = (rows) => (rows.length ? table(COLUMNS, rows, { caption: "Clients", sorted: sort, onsort: (by) => choose({ sort: by }) }) : nothing(filtered));
  return [
    h("div", { class: "bar" }, h("h1", {}, "Clients"), csvButton("clients", COLUMNS, () => all("/api/clients", asked))),
    h("div", { class: "filters", role: "search" }, search(q), least(minimum),
      choice("Status", STATUSES, status, (value) => choose({ status: value })),
      choice("Segment", SEGMENTS, segment, (value) => choose({ segment: value })),
      choice("Sort", sorts(sort), sort, (value) => choose({ sort: value })),
      filtered ? h("button", { type: "button", class: "plain", onclick: () => go("/clients") }, "Clear") : null),
    panel(null, pages((cursor) => get("/api/clients", { ...asked, cursor, limit: PAGE, course: true }, signal), draw, signal)),
  ];
}

const sorts = (sort) => (SORTS.some(([value]) => value === sort) ? SORTS : [...SORTS, [sort, words(sort)]]);

const nothing = (filtered) => (filtered
  ? empty("No client matches.", h("a", { href: "/clients" }, "Show all clients"))
  : empty("There are no clients yet.", h("span", {}, "They appear with the first subscription."), h("a", { href: "/integration" }, "Connect a Stripe account")));

/** Looks as one types; Enter does so at once. */
function search(q) {
  let timer = 0;
  const input = h("input", { type: "search", value: q, placeholder: "Name, id or customer", "aria-label": "Search clients", maxlength: 200, "data-key": "search",
    oninput: () => { clearTimeout(timer); timer = setTimeout(now, TYPING_MS); },
    onkeydown: (event) => { if (event.key === "Enter") { clearTimeout(timer); now(); } } });
  const now = () => { if (input.isConnected && input.value.trim() !== q) choose({ q: input.value.trim() }, { replace: true }); };
  return input;
}

const least = (minimum) => h("input", { inputmode: "decimal", value: minimum, placeholder: "MRR from", "aria-label": "Least MRR", size: 8, "data-key": "least",
  onchange: (event) => { if (/^[0-9]*(\.[0-9]+)?$/.test(event.target.value)) choose({ min_mrr: event.target.value }); else event.target.setCustomValidity("An amount such as 100 or 99.50"), event.target.reportValidity(); },
  oninput: (event) => event.target.setCustomValidity("") });
