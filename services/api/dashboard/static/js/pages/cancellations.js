// Who left or is about to, and what they said.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, instant, money, words } from "../format.js";
import { insight } from "../insight.js";
import { panel, table, empty } from "../parts.js";
import { link } from "../place.js";

export const render = insight({
  title: "Cancellations", name: "cancellations", path: "/api/cancellations", nothing: "Nobody cancelled in this period.",
  above: {
    load: (asked, signal) => get("/api/cancellations", { ...asked, limit: 1 }, signal),
    draw: ({ reasons, feedback }) => h("div", { class: "columns" }, told("By reason", reasons), told("By feedback", feedback)),
  },
  columns: [
    { title: "When", cell: (row) => instant(row.occurred_at ?? row.at), text: (row) => row.occurred_at ?? row.at },
    { title: "Client", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client), text: (row) => row.client },
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "Reason", cell: (row) => words(row.reason), text: (row) => row.reason },
    { title: "Feedback", cell: (row) => words(row.feedback), text: (row) => row.feedback },
    { title: "MRR lost", number: true, cell: (row) => money(row.mrr ?? row.amount), text: (row) => (row.mrr ?? row.amount)?.amount },
  ],
});

const told = (title, rows) => panel(title, rows?.length
  ? table([{ title, cell: (row) => words(row.reason ?? row.feedback ?? row.name) }, { title: "Cancellations", number: true, cell: (row) => count(row.count) },
    { title: "MRR", number: true, cell: (row) => money(row.mrr ?? row.amount) }], rows, { caption: title })
  : empty("Nothing was said."));
