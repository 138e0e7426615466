// Where signals are delivered, what became of each delivery, and sending one again.

import { get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { count, instant, words } from "../format.js";
import { badge, choice, dialog, empty, field, form, loading, pages, panel, table } from "../parts.js";

const PATH = "/api/webhook-endpoints";
const KINDS = { delivered: "good", succeeded: "good", pending: "warn", retrying: "warn", failed: "bad", blocked: "bad" };

export function endpointsPanel(session, signal) {
  const may = session.scopes.includes("admin");
  const list = loading(() => get(PATH, {}, signal), (found) => (found.data.length ? table(columns(may, () => list.again(), signal), found.data, { caption: "Endpoints" })
    : empty("Signals are delivered nowhere yet.")), signal);
  return h("div", { class: "columns" }, panel("Endpoints", list), may ? panel("Add an endpoint", adding(() => list.again())) : null);
}

const columns = (may, again, signal) => [
  { title: "Address", cell: (row) => h("code", {}, row.url) },
  { title: "Format", cell: (row) => words(row.format || row.type || row.kind) },
  { title: "State", cell: (row) => badge(words(row.state || (row.enabled === false ? "off" : "on")), row.state === "active" || row.enabled ? "good" : "warn") },
  { title: "Log", cell: (row) => h("button", { type: "button", class: "plain", onclick: () => log(row, signal, may) }, "Deliveries…") },
  ...(may ? [{ title: "Do", cell: (row) => h("span", { class: "tools" },
    act("Test", () => post(`${PATH}/${row.id}/test`), again),
    act(row.state === "disabled" || row.enabled === false ? "Switch on" : "Switch off", () => patch(`${PATH}/${row.id}`, { enabled: row.state === "disabled" || row.enabled === false }), again),
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
    const made = await post(PATH, { url, format: sent.querySelector("select").value });
    again();
    return made.secret ? `Added. The signing secret, shown this once: ${made.secret}` : "Added.";
  });
}

function log(endpoint, signal, may) {
  dialog(`Deliveries to ${endpoint.url}`, () => pages((cursor) => get(`${PATH}/${endpoint.id}/deliveries`, { cursor, limit: 20 }, signal), (rows) => (rows.length
    ? h("ul", { class: "list" }, rows.map((row) => h("li", {}, badge(words(row.state || row.status), KINDS[row.state || row.status]), " ", instant(row.created_at || row.at), ` · ${count(row.attempts?.length ?? row.attempts ?? 0)} attempts`,
      may ? act("Send again", () => post(`${PATH}/${endpoint.id}/deliveries/${row.id}/redeliver`), () => null) : null,
      h("details", {}, h("summary", {}, "Body and answer"), h("pre", {}, JSON.stringify(row.body ?? row.payload ?? row, null, 1)), h("pre", {}, String(row.answer ?? row.response ?? ""))))))
    : empty("Nothing has been delivered here yet.")), signal));
}
