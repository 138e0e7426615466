// Invoices whose payment failed and is still open, cards about to expire, and how invoices of the last days ended.

import { get } from "../api.js";
import { currencyText, mainCurrency, moneyFigure, moneyText } from "../amounts.js";
import { h } from "../dom.js";
import { count, money, title } from "../format.js";
import { figures, insight } from "../insight.js";
import { empty, panel } from "../parts.js";
import { csvOf, id, since, table, time } from "../tables.js";

const STATUSES = [
  { title: "Status", cell: (row) => title(row.status), text: (row) => row.status },
  { title: "Invoices", number: true, cell: (row) => count(row.count), text: (row) => row.count },
  { title: "Due", number: true, first: true, cell: (row) => money(row.amount_due), text: (row) => moneyText(row.amount_due) },
  { title: "Currency", text: (row) => currencyText(row.amount_due) },
];
const CARDS = [
  { title: "Customer", cell: (row) => id(row.customer), text: (row) => row.customer },
  { title: "Expires", first: true, cell: (row) => time(row.expires_at), text: (row) => row.expires_at },
];

function above([found, cards]) {
  const main = mainCurrency(found.paid, null);
  return [
    figures([["Paid", moneyFigure(found.paid, main, false)], ["Refunded", moneyFigure(found.refunded, main, false)], ["Failed payments", count(found.failed_payments)], ["Cards expiring soon", count(cards.data.length)]]),
    h("div", { class: "columns" },
      panel("Invoices of the last 30 days", found.by_status.length ? table(STATUSES, found.by_status, { caption: "Invoices by status" }) : empty("No invoice was made in the last 30 days."), csvOf("invoices", STATUSES, found.by_status)),
      panel("Cards that expire within 60 days", cards.data.length ? table(CARDS, cards.data, { caption: "Expiring cards" }) : empty("None is known of.", h("span", {}, "Expiry months are kept only where watch_card_expiry is on.")), csvOf("cards", CARDS, cards.data))),
  ];
}

export const render = insight({
  title: "Failed payments", list: "Still open", name: "failed-payments", path: "/api/payments/failed", ahead: true, nothing: "Every payment that was due has come.",
  above: { load: ({ mode }, signal) => Promise.all([get("/api/invoices", { mode }, signal), get("/api/cards/expiring", { mode, limit: 20 }, signal)]), draw: (found) => h("div", { class: "stack" }, above(found)) },
  columns: [
    { title: "Customer", cell: (row) => id(row.customer), text: (row) => row.customer },
    { title: "Remaining", number: true, first: true, cell: (row) => money(row.amount_remaining), text: (row) => moneyText(row.amount_remaining) },
    { title: "Currency", text: (row) => currencyText(row.amount_remaining) },
    { title: "Attempts", number: true, cell: (row) => count(row.attempts), text: (row) => row.attempts },
    { title: "Last told", cell: (row) => since(row.last_told_at), text: (row) => row.last_told_at },
    { title: "Tried again", cell: (row) => (row.next_attempt_at ? since(row.next_attempt_at) : "no more"), text: (row) => row.next_attempt_at },
    { title: "Invoice", lean: true, cell: (row) => id(row.invoice), text: (row) => row.invoice },
  ],
});
