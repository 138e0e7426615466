// Thresholds on metrics that open signals of their own.

import { get, post, remove } from "../api.js";
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

const columns = (may, again) => [
  { title: "Name", cell: (row) => row.name || words(row.metric) },
  { title: "Rule", cell: (row) => h("code", {}, `${row.metric} ${row.condition ?? row.comparison ?? ""} ${row.threshold ?? ""}`) },
  { title: "State", cell: (row) => badge(row.enabled === false ? "off" : words(row.state || "on"), row.state === "firing" ? "bad" : "good") },
  { title: "Looked at", cell: (row) => instant(row.evaluated_at) },
  ...(may ? [{ title: "Do", cell: (row) => h("button", { type: "button", class: "plain", onclick: async () => { await remove(`${PATH}/${row.id}`); again(); } }, "Remove") }] : []),
];

function adding(again) {
  return form("Watch", [field("Name", { name: "name", required: true, maxlength: 100 }),
    h("p", { class: "field" }, choice("Metric", ["mrr", "failed_payments", "subscriber_churn_rate", "gross_mrr_churn_rate", "revenue_at_risk", "active_subscribers"].map((one) => [one, words(one)]), "mrr", () => null)),
    field("Threshold", { name: "threshold", required: true, pattern: "-?[0-9]+(\\.[0-9]+)?", inputmode: "decimal" })],
  async ({ name, threshold }, sent) => { await post(PATH, { name, metric: sent.querySelector("select").value, threshold }); again(); sent.reset(); return "Watched from now on."; });
}
