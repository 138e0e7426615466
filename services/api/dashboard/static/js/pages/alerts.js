// Signals: what is wrong, what hangs on it, and what people have done about it.

import { all, get, post } from "../api.js";
import { currencyText, moneyCell, moneyText } from "../amounts.js";
import { h } from "../dom.js";
import { title, words } from "../format.js";
import { live } from "../live.js";
import { choice, dialog, empty, failure, field, form, pages, panel, tabs } from "../parts.js";
import { changed, choose } from "../place.js";
import { SEVERITIES, severityBadge } from "../severity.js";
import { clientLink, csvButton, since, table, time } from "../tables.js";
import { endpointsPanel } from "./endpoints.js";
import { rulesPanel } from "./rules.js";

const TABS = [["open", "Open"], ["acknowledged", "Acknowledged"], ["snoozed", "Snoozed"], ["resolved", "Resolved"], ["rules", "Rules"], ["endpoints", "Endpoints"]];
const RULES = ["payment_failed", "past_due", "unpaid", "payment_action_required", "cancellation_scheduled", "canceled", "paused", "downgrade",
  "trial_ending_without_payment_method", "trial_not_converted", "card_expiring", "dispute_opened", "fraud_warning", "large_renewal", "silent_drop", "metric_threshold"];
const NOTHING = { open: ["Nothing is wrong right now.", "A failed payment or a cancellation shows here within a second."], acknowledged: ["Nothing is acknowledged.", "What somebody has taken on stands here until it is resolved."],
  snoozed: ["Nothing is snoozed.", "A snoozed signal comes back at its time."], resolved: ["Nothing has been resolved yet.", ""] };

const columns = (again, may) => [
  { title: "Signal", bare: true, cell: (row) => [h("strong", {}, title(row.rule)), h("div", { class: "message" }, row.message)], text: (row) => row.rule },
  { title: "Severity", bare: true, cell: (row) => severityBadge(row.severity), text: (row) => row.severity },
  { title: "Client", bare: true, cell: clientLink, text: (row) => row.client },
  { title: "At risk", number: true, first: true, cell: (row) => moneyCell(row.mrr_at_risk), text: (row) => moneyText(row.mrr_at_risk) },
  { title: "Currency", text: (row) => currencyText(row.mrr_at_risk) },
  { title: "Opened", cell: (row) => since(row.opened_at), text: (row) => row.opened_at },
  { title: "State", lean: true, cell: (row) => state(row), text: (row) => row.resolution || row.status },
  { title: "Message", text: (row) => row.message },
  ...(may ? [{ title: "Do", hidden: true, bare: true, cell: (row) => actions(row, again) }] : []),
];

function state(row) {
  if (row.status === "resolved") return [title(row.resolution), " ", since(row.resolved_at)];
  return row.status === "snoozed" ? ["Until ", time(row.snoozed_until)] : title(row.status);
}

function actions(row, again) {
  if (row.status === "resolved") return "";
  const act = (path) => async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await post(`/api/alerts/${encodeURIComponent(row.id)}/${path}`, {});
      button.closest("tr").hidden = true;
      again();
    } catch (error) {
      dialog("That did not work", () => failure(error));
      button.disabled = false;
    }
  };
  return h("span", { class: "tools" },
    row.status === "open" ? h("button", { type: "button", class: "plain", onclick: act("acknowledge") }, "Acknowledge") : h("button", { type: "button", class: "plain", onclick: act("reopen") }, "Reopen"),
    row.status === "snoozed" ? null : h("button", { type: "button", class: "plain", onclick: () => snooze(row, again) }, "Snooze…"));
}

function snooze(row, again) {
  const local = (days) => new Date(Date.now() + days * 86400000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  dialog(`Snooze “${words(row.rule)}”`, (close) => {
    const until = field("Until", { type: "datetime-local", name: "until", value: local(1), min: local(0), required: true });
    const set = (days) => () => { until.querySelector("input").value = local(days); };
    return form("Snooze", [h("p", { class: "tools" }, [[1, "A day"], [3, "Three days"], [7, "A week"]].map(([days, text]) => h("button", { type: "button", class: "plain", onclick: set(days) }, text))), until],
      async ({ until: at }) => { await post(`/api/alerts/${encodeURIComponent(row.id)}/snooze`, { until: new Date(at).toISOString() }); close(); again(); });
  });
}

export function render({ parameters, signal, session }) {
  const { tab = "open", rule = "", severity = "", client = "", mode } = parameters;
  const bar = h("div", { class: "bar" }, h("h1", {}, "Alerts"));
  const ways = tabs("Kinds of signals", TABS, tab, (value) => changed({ tab: value }));
  if (tab === "rules") return [bar, ways, rulesPanel(session, signal)];
  if (tab === "endpoints") return [bar, ways, endpointsPanel(session, signal)];
  const may = session.scopes.includes("alerts");
  const asked = { status: tab, rule, severity, client, mode };
  const list = pages((cursor) => get("/api/alerts", { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(columns(() => list.again(), may), rows, { caption: `Signals, ${tab}` }) : nothing(tab, rule || severity || client)), signal);
  live.hear((news) => { if (news.kind === "signal") list.again(); }, signal);
  bar.append(csvButton(`signals-${tab}`, columns(null, false), () => all("/api/alerts", asked)));
  return [bar, ways,
    h("div", { class: "filters" },
      choice("Rule", [["", "All rules"], ...RULES.map((one) => [one, title(one)])], rule, (value) => choose({ rule: value })),
      choice("Severity", [["", "Any severity"], ...Object.keys(SEVERITIES).map((one) => [one, title(one)])], severity, (value) => choose({ severity: value })),
      client ? h("span", { class: "tools" }, "of ", clientLink({ client }), h("button", { type: "button", class: "plain", onclick: () => choose({ client: null }) }, "All clients")) : null),
    panel(null, list)];
}

const nothing = (tab, filtered) => (filtered ? empty("No signal matches.", h("a", { href: changed({ rule: null, severity: null, client: null }) }, "Show all")) : empty(NOTHING[tab][0], h("span", {}, NOTHING[tab][1])));
