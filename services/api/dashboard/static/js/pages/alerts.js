// Signals: what is wrong, what hangs on it, and what people have done about it.

import { all, get, post } from "../api.js";
import { h } from "../dom.js";
import { instant, money, words } from "../format.js";
import { live } from "../live.js";
import { badge, choice, csvButton, dialog, empty, field, form, pages, panel, table } from "../parts.js";
import { changed, go, link } from "../place.js";
import { endpointsPanel } from "./endpoints.js";
import { rulesPanel } from "./rules.js";

const SEVERITY_KINDS = { critical: "bad", high: "bad", medium: "warn", low: "" };
const TABS = [["open", "Open"], ["acknowledged", "Acknowledged"], ["snoozed", "Snoozed"], ["resolved", "Resolved"], ["rules", "Rules"], ["endpoints", "Endpoints"]];
const RULES = ["payment_failed", "past_due", "unpaid", "payment_action_required", "cancellation_scheduled", "canceled", "paused", "downgrade",
  "trial_ending_without_payment_method", "trial_not_converted", "card_expiring", "dispute_opened", "fraud_warning", "large_renewal", "silent_drop", "metric_threshold"];

export const severityBadge = (severity) => badge(severity, SEVERITY_KINDS[severity]);

const columns = (again, may) => [
  { title: "Severity", cell: (row) => severityBadge(row.severity), text: (row) => row.severity },
  { title: "Signal", cell: (row) => [h("strong", {}, words(row.rule)), h("div", { class: "quiet" }, row.message)], text: (row) => row.rule },
  { title: "Client", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client), text: (row) => row.client },
  { title: "At risk", number: true, cell: (row) => money(row.mrr_at_risk), text: (row) => JSON.stringify(row.mrr_at_risk) },
  { title: "Opened", cell: (row) => instant(row.opened_at), text: (row) => row.opened_at },
  { title: "Now", cell: (row) => (row.status === "resolved" ? `${words(row.resolution)}, ${instant(row.resolved_at)}` : words(row.status)), text: (row) => row.resolution || row.status },
  { title: "Message", cell: () => "", text: (row) => row.message },
  { title: "Do", cell: (row) => (may && row.status !== "resolved" ? actions(row, again) : "") },
].filter((column) => column.title !== "Message" || again === null);

function actions(row, again) {
  const act = (path, body) => async (event) => {
    event.currentTarget.disabled = true;
    try { await post(`/api/alerts/${encodeURIComponent(row.id)}/${path}`, body); again(); } catch (error) { alert(error.message); event.target.disabled = false; }
  };
  return h("span", { class: "tools" },
    row.status === "acknowledged" ? null : h("button", { type: "button", class: "plain", onclick: act("acknowledge", {}) }, "Acknowledge"),
    h("button", { type: "button", class: "plain", onclick: () => snooze(row, again) }, "Snooze"));
}

function snooze(row, again) {
  const tomorrow = new Date(Date.now() + 86400000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  dialog("Snooze", (close) => form("Snooze", field("Until", { type: "datetime-local", name: "until", value: tomorrow, required: true }),
    async ({ until }) => { await post(`/api/alerts/${encodeURIComponent(row.id)}/snooze`, { until: new Date(until).toISOString() }); close(); again(); }));
}

export function render({ parameters, signal, session }) {
  const { tab = "open", rule = "", severity = "", client = "", mode } = parameters;
  const tabs = h("nav", { class: "tabs", "aria-label": "Kinds of signals" }, TABS.map(([value, text]) =>
    h("a", { href: changed({ tab: value }), "aria-current": value === tab ? "page" : null }, text)));
  if (tab === "rules") return [h("h1", {}, "Alerts"), tabs, rulesPanel(session, signal)];
  if (tab === "endpoints") return [h("h1", {}, "Alerts"), tabs, endpointsPanel(session, signal)];
  const may = session.scopes.includes("alerts");
  const asked = { status: tab, rule, severity, client, mode };
  const again = () => list.again();
  const list = pages((cursor) => get("/api/alerts", { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(columns(again, may), rows, { caption: `Signals, ${tab}` }) : empty(tab === "open" ? "Nothing is wrong right now." : `No signals are ${tab}.`)), signal);
  live.hear((news) => { if (news.kind === "signal") list.again(); }, signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Alerts"),
      choice("Rule", [["", "all"], ...RULES.map((one) => [one, words(one)])], rule, (value) => go(changed({ rule: value }))),
      choice("Severity", [["", "all"], ...Object.keys(SEVERITY_KINDS).map((one) => [one, one])], severity, (value) => go(changed({ severity: value }))),
      client ? h("a", { href: changed({ client: null }) }, `of ${client} only – show all`) : null),
    tabs,
    panel(TABS.find(([value]) => value === tab)?.[1] || tab, list, csvButton(`signals-${tab}`, columns(null, false), () => all("/api/alerts", asked))),
  ];
}
