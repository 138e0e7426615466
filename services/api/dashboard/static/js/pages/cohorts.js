// Clients by the month of their first payment, and how much is left of each in the months after.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, drawn, rate } from "../format.js";
import { choice, empty, loading, panel } from "../parts.js";
import { choose } from "../place.js";
import { csvButton } from "../tables.js";

const MEASURES = [["subscriber_retention", "Retention of subscribers"], ["revenue_retention", "Retention of revenue"]];
const COLUMNS = ["cohort", "month", "subscriber_retention", "revenue_retention"].map((name) => ({ title: name, text: (row) => row[name] }));
const DEEPEST = 45; // percent of the accent: text stays readable on it
const MONTH = new Intl.DateTimeFormat(navigator.language || "en", { month: "short", year: "numeric", timeZone: "UTC" });

export function render({ parameters, signal }) {
  const { measure = "subscriber_retention", mode } = parameters;
  const load = () => get("/api/metrics/cohorts", { mode }, signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Cohorts"), h("div", { class: "tools" }, choice("Measure", MEASURES, measure, (value) => choose({ measure: value })),
      csvButton("cohorts", COLUMNS, async () => (await load()).cohorts))),
    panel("By month of the first payment", loading(load, ({ cohorts }) => grid(cohorts, measure), signal, "tall")),
  ];
}

function grid(rows, measure) {
  if (!rows.length) return empty("Cohorts appear with the first month of revenue.");
  const cohorts = new Map();
  for (const row of rows) cohorts.set(row.cohort, [...(cohorts.get(row.cohort) ?? []), row]);
  const longest = Math.max(...rows.map((row) => row.month)) + 1;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Retention by cohort" }, h("table", { class: "cohorts" },
    h("caption", { class: "unseen" }, "Retention by cohort and month after the first payment"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Cohort"), Array.from({ length: longest }, (_, at) => h("th", { scope: "col" }, at ? `+${count(at)}` : "Month 0")))),
    h("tbody", {}, [...cohorts].sort(([one], [other]) => (one < other ? 1 : -1)).map(([cohort, months]) => h("tr", {}, h("th", { scope: "row" }, MONTH.format(new Date(`${cohort}-01`))),
      months.sort((one, other) => one.month - other.month).map((row) => cell(row[measure])),
      longest > months.length ? h("td", { class: "none", colspan: longest - months.length }) : null)))));
}

function cell(text) {
  const share = drawn(text) ?? 0;
  return h("td", { style: { "--share": `${Math.round(Math.min(1, share) * DEEPEST)}%` } }, rate(text));
}
