// Where signals are delivered, what became of each delivery, and sending one again.

import { get, patch, post, remove } from "../api.js";
import { h, show } from "../dom.js";
import { count, title, words } from "../format.js";
import { badge, dialog, empty, failure, field, form, loading, options, pages, panel } from "../parts.js";
import { csvOf, since, table, time } from "../tables.js";

const PATH = "/api/webhook-endpoints";
const KINDS = { delivered: "good", pending: "warn", failed: "bad" };
const SEVERITIES = [["low", "Low and above"], ["medium", "Medium and above"], ["high", "High and above"], ["critical", "Critical only"]];

export function endpointsPanel(session, signal) {
  const may = session.scopes.includes("alerts");
  if (!may) return panel("Endpoints", empty("A key with the scope alerts may see where signals are delivered."));
  const list = loading(() => get(PATH, {}, signal), (found) => (found.data.length
    ? [table(columns(() => list.again(), signal), found.data, { caption: "Endpoints" }), h("p", { class: "tools" }, csvOf("endpoints", columns(null, signal), found.data))]
    : empty("Signals are delivered nowhere yet.", h("span", {}, "Add an address, or a Slack webhook."))), signal);
  return h("div", { class: "columns" }, panel("Endpoints", list), panel("Add an endpoint", adding(() => list.again())));
}

const columns = (again, signal) => [
  { title: "Address", block: true, bare: true, cell: (row) => [h("code", { title: row.url }, row.url), row.description ? h("div", { class: "message" }, row.description) : null], text: (row) => row.url },
  { title: "Format", cell: (row) => (row.type === "slack" ? "Slack" : "Standard Webhooks"), text: (row) => row.type },
  { title: "From", cell: (row) => title(row.min_severity), text: (row) => row.min_severity },
  { title: "State", bare: true, cell: (row) => [badge(title(row.state), row.state === "enabled" ? "good" : "warn"), row.disabled_reason ? h("div", { class: "message" }, row.disabled_reason) : null,
    row.failing_since ? h("div", { class: "message" }, "failing since ", time(row.failing_since)) : null], text: (row) => row.state },
  { title: "Last success", cell: (row) => since(row.last_success_at), text: (row) => row.last_success_at },
  { title: "Do", hidden: true, bare: true, cell: (row) => h("span", { class: "tools" },
    h("button", { type: "button", class: "plain", onclick: () => log(row, signal) }, "Deliveries…"),
    act("Test", async () => { await post(`${PATH}/${row.id}/test`); log(row, signal); }, () => null),
    act(row.state === "disabled" ? "Switch on" : "Switch off", () => patch(`${PATH}/${row.id}`, { state: row.state === "disabled" ? "enabled" : "disabled" }), again),
    h("button", { type: "button", class: "plain danger", onclick: () => removing(row, again) }, "Remove…")) },
];

function act(text, work, again) {
  return h("button", { type: "button", class: "plain", onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try { await work(); again(); } catch (error) { dialog("That did not work", () => failure(error)); }
    button.disabled = false;
  } }, text);
}

const removing = (row, again) => dialog("Remove this endpoint?", (close) => [h("p", {}, h("code", {}, row.url), " is told nothing any more, and its log is forgotten."),
  form("Remove", [], async () => { await remove(`${PATH}/${row.id}`); close(); again(); }, { danger: true })]);

function adding(again) {
  const secret = h("div", { "aria-live": "polite" });
  return [form("Add", [field("Address", { name: "url", type: "url", required: true, placeholder: "https://…", maxlength: 2000 }, "https, reachable from outside"),
    h("div", { class: "form-row" }, options("Format", "type", [["standard", "Standard Webhooks"], ["slack", "Slack"]], "standard"),
      options("Tell of", "min_severity", SEVERITIES, "low"))],
  async ({ url, type, min_severity: least }, sent) => {
    const made = await post(PATH, { url, type, min_severity: least });
    sent.reset();
    again();
    show(secret, made.secret ? h("div", { class: "failure partial" }, h("p", {}, "The signing secret, shown this once:"), h("code", {}, made.secret)) : null);
    return "Added.";
  }), secret];
}

function log(endpoint, signal) {
  const path = `${PATH}/${endpoint.id}/deliveries`;
  dialog(`Deliveries to ${endpoint.url}`, () => {
    const list = pages((cursor) => get(path, { cursor, limit: 20 }, signal), (rows) => (rows.length
      ? h("ul", { class: "list" }, rows.map((row) => delivery(row, act("Send again", () => post(`${path}/${row.id}/redeliver`), () => list.again()))))
      : empty("Nothing has been delivered here yet.")), signal);
    return [h("p", { class: "tools" }, h("button", { type: "button", class: "plain", onclick: () => list.again() }, "Look again")), list];
  });
}

const delivery = (row, again) => h("li", {}, h("div", { class: "tools" }, badge(title(row.state), KINDS[row.state]), h("span", {}, words(row.kind)), since(row.created_at),
  h("span", { class: "quiet" }, `${count(row.attempts.length)} ${row.attempts.length === 1 ? "attempt" : "attempts"}`), row.redelivery_of ? badge("sent again") : null, row.next_attempt_at ? h("span", { class: "quiet" }, "next ", since(row.next_attempt_at)) : null, again),
h("details", {}, h("summary", { class: "quiet small" }, "Body and answers"), h("pre", {}, JSON.stringify(row.body, null, 1)),
  h("ul", { class: "why" }, row.attempts.map((one) => h("li", {}, time(one.attempted_at), `: ${one.status ?? one.error} in ${count(one.milliseconds)} ms`, one.answer ? h("pre", {}, one.answer) : null)))));
