// Cohorts: of those who began in a month, how many and how much is left in the months after.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, rate } from "../format.js";
import { choice, csvButton, empty, loading, panel } from "../parts.js";
import { changed, go } from "../place.js";

const MEASURES = [["subscriber_retention", "subscribers"], ["revenue_retention", "revenue"]];

export function render({ parameters, signal }) {
  const { measure = "subscriber_retention", mode } = parameters;
  const load = () => get("/api/metrics", { mode }, signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Cohorts"), choice("Retention of", MEASURES, measure, (value) => go(changed({ measure: value })))),
    panel("By month of the first payment", loading(load, (found) => grid(rowsOf(found), measure), signal),
      csvButton("cohorts", [{ title: "cohort", text: (row) => row.cohort }, { title: "month", text: (row) => row.month },
        { title: "subscriber_retention", text: (row) => row.subscriber_retention }, { title: "revenue_retention", text: (row) => row.revenue_retention }], async () => rowsOf(await load()))),
  ];
}

const rowsOf = ({ metrics }) => metrics.cohorts ?? [];

function grid(rows, measure) {
  if (!rows.length) return empty("Cohorts appear with the first month of revenue.");
  const cohorts = [...new Set(rows.map((row) => row.cohort))].sort();
  const longest = Math.max(...cohorts.map((cohort) => rows.filter((row) => row.cohort === cohort).length));
  const cells = Object.groupBy ? Object.groupBy(rows, (row) => row.cohort) : rows.reduce((found, row) => { (found[row.cohort] ??= []).push(row); return found; }, {});
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Retention by cohort" }, h("table", { class: "cohorts" },
    h("caption", { class: "unseen" }, "Retention by cohort and month after the first payment"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Cohort"), Array.from({ length: longest }, (_, at) => h("th", { scope: "col" }, count(at))))),
    h("tbody", {}, cohorts.map((cohort) => h("tr", {}, h("th", { scope: "row" }, cohort.slice(0, 7)),
      cells[cohort].sort((one, other) => one.month - other.month).map((row) => h("td", {}, rate(row[measure]))))))));
}
