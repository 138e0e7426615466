// Thresholds on metrics that open signals of their own.

import { get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { title, words } from "../format.js";
import { badge, dialog, empty, failure, field, form, loading, options, panel } from "../parts.js";
import { csvOf, since, table } from "../tables.js";

const PATH = "/api/alert-rules";
const METRICS = ["mrr", "growth_rate", "failed_payments", "subscriber_churn_rate", "gross_mrr_churn_rate", "net_revenue_retention", "churned_revenue", "new", "revenue", "active_subscribers", "new_trials"];
const COMPARISONS = [["falls_by", "falls by %"], ["rises_by", "rises by %"], ["above", "is above"], ["below", "is below"]];
const SEVERITIES = [["low", "Low"], ["medium", "Medium"], ["high", "High"], ["critical", "Critical"]];

export function rulesPanel(session, signal) {
  const may = session.scopes.includes("alerts");
  const list = loading(() => get(PATH, {}, signal), (found) => (found.data.length
    ? [table(columns(may, () => list.again()), found.data, { caption: "Rules on metrics" }), h("p", { class: "tools" }, csvOf("rules", columns(false, null), found.data))]
    : empty("No metric is watched yet.", h("span", {}, "A rule opens a signal when a metric leaves its bounds."))), signal);
  return h("div", { class: "columns" }, panel("Rules on metrics", list), may ? panel("Watch a metric", adding(() => list.again())) : null);
}

const asks = ({ condition }) => `${words(condition.metric)} ${words(condition.comparison)} ${condition.value}${condition.comparison.endsWith("_by") ? " %" : ""} in ${condition.days} days${condition.currency ? `, ${condition.currency.toUpperCase()}` : ""}`;

const columns = (may, again) => [
  { title: "Rule", block: true, bare: true, cell: (row) => [h("strong", {}, row.name), h("div", { class: "message" }, asks(row))], text: (row) => row.name },
  { title: "Asks", text: asks },
  { title: "State", bare: true, cell: (row) => badge(row.enabled ? "On" : "Off", row.enabled ? "good" : ""), text: (row) => (row.enabled ? "on" : "off") },
  { title: "Severity", cell: (row) => title(row.severity), text: (row) => row.severity },
  { title: "Looked at", cell: (row) => since(row.evaluated_at), text: (row) => row.evaluated_at },
  ...(may ? [{ title: "Do", hidden: true, bare: true, cell: (row) => h("span", { class: "tools" },
    act(row.enabled ? "Switch off" : "Switch on", () => patch(`${PATH}/${row.id}`, { enabled: !row.enabled }), again), act("Remove", () => remove(`${PATH}/${row.id}`), again)) }] : []),
];

const act = (text, work, again) => h("button", { type: "button", class: "plain", onclick: async (event) => {
  event.currentTarget.disabled = true;
  try { await work(); } catch (error) { dialog("That did not work", () => failure(error)); }
  again();
} }, text);

function adding(again) {
  return form("Watch", [field("Name", { name: "name", required: true, maxlength: 200, pattern: "[^:]+", placeholder: "MRR falls" }),
    h("div", { class: "form-row" }, options("Metric", "metric", METRICS.map((one) => [one, title(one)]), "mrr"), options("when it", "comparison", COMPARISONS, "falls_by")),
    h("div", { class: "form-row" },
      field("Value", { name: "value", required: true, pattern: "-?[0-9]+(\\.[0-9]{1,6})?", inputmode: "decimal", placeholder: "10" }, "Percent, an amount, a count, or a rate as a fraction of 1"),
      field("Days", { name: "days", type: "number", min: 1, max: 366, value: 7, required: true }, "that end today; a change is against as many before")),
    h("div", { class: "form-row" }, options("Severity", "severity", SEVERITIES, "high"),
      field("Currency", { name: "currency", maxlength: 3, pattern: "[A-Za-z]{3}", placeholder: "any" }, "Only where there are several"))],
  async ({ name, metric, comparison, value, days, severity, currency }, sent) => {
    await post(PATH, { name, severity, condition: { metric, comparison, value, days: Number(days), currency: currency ? currency.toLowerCase() : null } });
    again();
    sent.reset();
    return "Watched from now on.";
  });
}
