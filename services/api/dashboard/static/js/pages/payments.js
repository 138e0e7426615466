// Payments that failed, and what Stripe still tries.

import { h } from "../dom.js";
import { count, instant, money, words } from "../format.js";
import { insight } from "../insight.js";
import { link } from "../place.js";

export const render = insight({
  title: "Failed payments", name: "failed-payments", path: "/api/payments/failed", nothing: "No payment failed in this period.",
  columns: [
    { title: "Failed", cell: (row) => instant(row.failed_at), text: (row) => row.failed_at },
    { title: "Client", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client), text: (row) => row.client },
    { title: "Invoice", cell: (row) => h("code", {}, row.invoice), text: (row) => row.invoice },
    { title: "Attempt", number: true, cell: (row) => count(row.attempt), text: (row) => row.attempt },
    { title: "Due", number: true, cell: (row) => money(row.amount_due), text: (row) => row.amount_due?.amount },
    { title: "Tried again", cell: (row) => instant(row.next_attempt_at), text: (row) => row.next_attempt_at },
    { title: "Now", cell: (row) => words(row.status ?? row.outcome), text: (row) => row.status ?? row.outcome },
  ],
});
