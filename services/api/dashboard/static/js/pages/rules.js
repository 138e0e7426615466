// Thresholds on metrics that open signals of their own.

import { get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { instant, words } from "../format.js";
import { badge, choice, empty, field, form, loading, panel, table } from "../parts.js";

const PATH = "/api/alert-rules";

export function rulesPanel(session, signal) {
  const may = session.scopes.includes("alerts");
  const list = loading(() => get(PATH, {}, signal), (found) => (found.data.length ? table(columns(may, () => list.again()), found.data, { caption: "Rules on metrics" })
    : empty("No metric is watched yet.")), signal);
  return h("div", { class: "columns" }, panel("Rules on metrics", list), may ? panel("Watch a metric", adding(() => list.again())) : null);
}

const METRICS = ["mrr", "growth_rate", "failed_payments", "subscriber_churn_rate", "gross_mrr_churn_rate", "churned_revenue", "new", "revenue"];
const COMPARISONS = [["falls_by", "falls by %"], ["rises_by", "rises by %"], ["above", "is above"], ["below", "is below"]];

const columns = (may, again) => [
  { title: "Name", cell: (row) => row.name },
  { title: "Asks", cell: ({ condition }) => `${words(condition.metric)} ${words(condition.comparison)} ${condition.value}${condition.comparison.endsWith("_by") ? " %" : ""} in ${condition.days} days${condition.currency ? `, ${condition.currency.toUpperCase()}` : ""}` },
  { title: "State", cell: (row) => badge(row.enabled ? "on" : "off", row.enabled ? "good" : "") },
  { title: "Was", number: true, cell: (row) => row.value ?? "–" },
  { title: "Looked at", cell: (row) => instant(row.evaluated_at) },
  ...(may ? [{ title: "Do", cell: (row) => h("span", { class: "tools" },
    h("button", { type: "button", class: "plain", onclick: async () => { await patch(`${PATH}/${row.id}`, { enabled: !row.enabled }); again(); } }, row.enabled ? "Switch off" : "Switch on"),
    h("button", { type: "button", class: "plain", onclick: async () => { await remove(`${PATH}/${row.id}`); again(); } }, "Remove")) }] : []),
];

function adding(again) {
  const metric = choice("Metric", METRICS.map((one) => [one, words(one)]), "mrr", () => null);
  const comparison = choice("when it", COMPARISONS, "falls_by", () => null);
  const chosen = (place) => place.querySelector("select").value;
  return form("Watch", [field("Name", { name: "name", required: true, maxlength: 200, pattern: "[^:]+" }),
    h("p", { class: "field" }, metric), h("p", { class: "field" }, comparison),
    field("Value", { name: "value", required: true, pattern: "-?[0-9]+(\\.[0-9]{1,6})?", inputmode: "decimal" }, "An amount, a count, a rate as a fraction of 1, or percent"),
    field("Days", { name: "days", type: "number", min: 1, max: 366, value: 7, required: true }, "The days that end today; a change is against as many before"),
    field("Currency", { name: "currency", maxlength: 3, size: 4 }, "Only for amounts in several currencies")],
  async ({ name, value, days, currency }, sent) => {
    await post(PATH, { name, condition: { metric: chosen(metric), comparison: chosen(comparison), value, days: Number(days), currency: currency ? currency.toLowerCase() : null } });
    again();
    sent.reset();
    return "Watched from now on.";
  });
}
