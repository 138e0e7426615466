// Who left or is about to, and what they said.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, day, instant, money, words } from "../format.js";
import { insight } from "../insight.js";
import { clientLink } from "../links.js";
import { empty, panel, table } from "../parts.js";

const REASONS = [
  { title: "Month from", cell: (row) => day(row.from) },
  { title: "Reason", cell: (row) => words(row.cancellation_reason ?? row.reason) },
  { title: "Feedback", cell: (row) => words(row.feedback) },
  { title: "Churned", number: true, cell: (row) => count(row.count) },
  { title: "MRR", number: true, cell: (row) => money(row.mrr) },
];

export const render = insight({
  title: "Cancellations", name: "cancellations", path: "/api/cancellations", nothing: "Nobody cancelled in this period.",
  above: {
    load: (asked, signal) => get("/api/cancellations", { ...asked, limit: 1 }, signal),
    draw: ({ intervals }) => {
      const rows = intervals.flatMap((one) => one.reasons.map((reason) => ({ ...reason, from: one.from })));
      return panel("Why, over time", rows.length ? table(REASONS, rows, { caption: "Reasons by month" }) : empty("No revenue was lost to a cancellation in this period."));
    },
  },
  columns: [
    { title: "Asked", cell: (row) => instant(row.canceled_at), text: (row) => row.canceled_at },
    { title: "Ends", cell: (row) => instant(row.ended_at ?? row.ends_at), text: (row) => row.ended_at ?? row.ends_at },
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "Reason", cell: (row) => words(row.cancellation.reason), text: (row) => row.cancellation.reason },
    { title: "Feedback", cell: (row) => words(row.cancellation.feedback), text: (row) => row.cancellation.feedback },
    { title: "MRR now", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
  ],
});
