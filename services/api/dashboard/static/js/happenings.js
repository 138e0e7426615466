// Everything that happened to a client, the newest first.

import { all, get } from "./api.js";
import { h } from "./dom.js";
import { money, title, words } from "./format.js";
import { badge, empty, pages } from "./parts.js";
import { csvButton, id, time } from "./tables.js";
import { severityBadge } from "./severity.js";

const COLUMNS = [
  { title: "At", text: (row) => row.at }, { title: "Kind", text: (row) => row.movement?.kind ?? row.signal?.rule ?? row.kind },
  { title: "Amount", text: (row) => amountOf(row)?.amount }, { title: "Currency", text: (row) => amountOf(row)?.currency },
  { title: "Told", text: (row) => row.movement?.reason ?? row.signal?.message ?? row.invoice?.invoice }, { title: "Because of", text: (row) => (row.movement?.caused_by ?? row.signal?.evidence ?? []).join(" ") },
];
const amountOf = ({ movement, invoice }) => movement?.amount ?? invoice?.amount_due;

/** The list. */
export const happenings = (path, signal) => pages((cursor) => get(`${path}/timeline`, { cursor, limit: 30 }, signal),
  (rows) => (rows.length ? h("ul", { class: "list" }, rows.map(line)) : empty("Nothing has happened yet.")), signal);

/** All of it as CSV. */
export const timelineButton = (client, path) => csvButton(`timeline-${client}`, COLUMNS, () => all(`${path}/timeline`, {}));

const line = (row) => h("li", { class: "happened" }, h("span", { class: "quiet nowrap" }, time(row.at)), h("div", { class: "tools" }, happening(row)));

function happening({ kind, movement, signal, invoice }) {
  if (kind === "movement") {
    const falls = movement.amount.amount.startsWith("-");
    return [badge(title(movement.kind), falls ? "bad" : "good"), h("strong", {}, money(movement.amount)), movement.reason ? words(movement.reason) : null, movement.estimated ? badge("estimated") : null, because(movement.caused_by)];
  }
  if (kind === "signal") return [severityBadge(signal.severity), h("strong", {}, title(signal.rule)), h("span", { class: "quiet" }, signal.message), badge(words(signal.status)), because(signal.evidence)];
  const failed = kind === "payment_failed";
  return [badge(failed ? "Payment failed" : "Paid", failed ? "bad" : "good"), invoice ? [h("strong", {}, money(failed ? invoice.amount_due : invoice.amount_paid)), id(invoice.invoice)] : null];
}

const because = (events) => (events?.length ? h("details", {}, h("summary", { class: "quiet small" }, "because of"), events.map((one) => h("div", {}, id(one)))) : null);
