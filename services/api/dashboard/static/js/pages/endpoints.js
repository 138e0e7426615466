// Where signals are delivered, what became of each delivery, and sending one again.

import { get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { count, instant, words } from "../format.js";
import { badge, choice, dialog, empty, field, form, loading, pages, panel, table } from "../parts.js";

const PATH = "/api/webhook-endpoints";
const KINDS = { delivered: "good", pending: "warn", failed: "bad" };

export function endpointsPanel(session, signal) {
  const may = session.scopes.includes("admin");
  const list = loading(() => get(PATH, {}, signal), (found) => (found.data.length ? table(columns(may, () => list.again(), signal), found.data, { caption: "Endpoints" })
    : empty("Signals are delivered nowhere yet.")), signal);
  return h("div", { class: "columns" }, panel("Endpoints", list), may ? panel("Add an endpoint", adding(() => list.again())) : null);
}

const columns = (may, again, signal) => [
  { title: "Address", cell: (row) => h("code", {}, row.url) },
  { title: "Format", cell: (row) => words(row.type) },
  { title: "State", cell: (row) => [badge(words(row.state), row.state === "enabled" ? "good" : "warn"), row.disabled_reason ? h("div", { class: "quiet" }, row.disabled_reason) : null] },
  { title: "Log", cell: (row) => h("button", { type: "button", class: "plain", onclick: () => log(row, signal, may) }, "Deliveries…") },
  ...(may ? [{ title: "Do", cell: (row) => h("span", { class: "tools" },
    act("Test", () => post(`${PATH}/${row.id}/test`), again),
    act(row.state === "disabled" ? "Switch on" : "Switch off", () => patch(`${PATH}/${row.id}`, { state: row.state === "disabled" ? "enabled" : "disabled" }), again),
    act("Remove", () => remove(`${PATH}/${row.id}`), again)) }] : []),
];

function act(text, work, again) {
  return h("button", { type: "button", class: "plain", onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try { await work(); again(); } catch (error) { button.after(h("span", { class: "down", role: "alert" }, ` ${error.message}`)); button.disabled = false; }
  } }, text);
}

function adding(again) {
  return form("Add", [field("Address", { name: "url", type: "url", required: true, placeholder: "https://…", maxlength: 2000 }),
    h("p", { class: "field" }, choice("Format", [["standard", "Standard Webhooks"], ["slack", "Slack"]], "standard", () => null))],
  async ({ url }, sent) => {
    const made = await post(PATH, { url, type: sent.querySelector("select").value });
    again();
    return made.secret ? `Added. The signing secret, shown this once: ${made.secret}` : "Added.";
  });
}

function log(endpoint, signal, may) {
  const path = `${PATH}/${endpoint.id}/deliveries`;
  dialog(`Deliveries to ${endpoint.url}`, () => pages((cursor) => get(path, { cursor, limit: 20 }, signal), (rows) => (rows.length
    ? h("ul", { class: "list" }, rows.map((row) => delivery(row, may ? act("Send again", () => post(`${path}/${row.id}/redeliver`), () => null) : null)))
    : empty("Nothing has been delivered here yet.")), signal));
}

const delivery = (row, again) => h("li", {}, badge(words(row.state), KINDS[row.state]), " ", words(row.kind), " ", instant(row.created_at),
  ` · ${count(row.attempts.length)} attempts `, again,
  h("details", {}, h("summary", {}, "Body and answers"), h("pre", {}, JSON.stringify(row.body, null, 1)),
    h("ul", {}, row.attempts.map((one) => h("li", {}, `${instant(one.attempted_at)}: ${one.status ?? one.error} in ${one.milliseconds} ms`, one.answer ? h("pre", {}, one.answer) : null)))));
