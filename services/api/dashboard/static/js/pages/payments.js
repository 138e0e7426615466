// Invoices whose payment failed and is still open, and how invoices of the last days ended.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, instant, money, words } from "../format.js";
import { insight } from "../insight.js";
import { panel, table, empty } from "../parts.js";

export const render = insight({
  title: "Failed payments", name: "failed-payments", path: "/api/payments/failed", ahead: true, nothing: "Every payment that was due has come.",
  above: {
    load: ({ mode }, signal) => get("/api/invoices", { mode }, signal),
    draw: (found) => panel("Invoices of the last 30 days", found.by_status.length
      ? table([{ title: "Status", cell: (row) => words(row.status) }, { title: "Invoices", number: true, cell: (row) => count(row.count) },
        { title: "Due", number: true, cell: (row) => money(row.amount_due) }], found.by_status, { caption: "Invoices by status" })
      : empty("No invoice was made in the last 30 days.")),
  },
  columns: [
    { title: "Last told", cell: (row) => instant(row.last_told_at), text: (row) => row.last_told_at },
    { title: "Customer", cell: (row) => h("code", {}, row.customer), text: (row) => row.customer },
    { title: "Invoice", cell: (row) => h("code", {}, row.invoice), text: (row) => row.invoice },
    { title: "Attempts", number: true, cell: (row) => count(row.attempts), text: (row) => row.attempts },
    { title: "Remaining", number: true, cell: (row) => money(row.amount_remaining), text: (row) => row.amount_remaining.amount },
    { title: "Currency", cell: (row) => row.amount_remaining.currency.toUpperCase(), text: (row) => row.amount_remaining.currency },
    { title: "Tried again", cell: (row) => (row.next_attempt_at ? instant(row.next_attempt_at) : "no more"), text: (row) => row.next_attempt_at },
  ],
});
