// Who left or is about to, and what they said.

import { get } from "../api.js";
import { currencyText, moneyCell, moneyText } from "../amounts.js";
import { timeChart } from "../charts.js";
import { h } from "../dom.js";
import { count, day, money, title } from "../format.js";
import { insight } from "../insight.js";
import { choice, empty, panel } from "../parts.js";
import { choose } from "../place.js";
import { clientLink, csvOf, id, table, time } from "../tables.js";

const COLOURS = ["--churn", "--contraction", "--fx", "--reactivation", "--expansion", "--before"];
const MOST = COLOURS.length;
const WHICH = [["", "Asked for in the period"], ["true", "Still to come into force"]];
const REASONS = [
  { title: "Reason", cell: (row) => title(row.why), text: (row) => row.why },
  { title: "Churned", number: true, cell: (row) => count(row.count), text: (row) => row.count },
  { title: "MRR", number: true, first: true, cell: (row) => moneyCell(row.mrr), text: (row) => moneyText(row.mrr) },
  { title: "Currency", text: (row) => currencyText(row.mrr) },
  { title: "From", cell: (row) => day(row.from), text: (row) => row.from },
];

const why = (row) => row.feedback ?? row.cancellation_reason ?? row.reason;

function reasons({ intervals }) {
  const rows = intervals.flatMap((one) => one.reasons.map((reason) => ({ ...reason, why: why(reason), from: one.from })));
  if (!rows.length) return panel("Why, over time", empty("No revenue was lost to a cancellation in this period."));
  const often = Object.entries(rows.reduce((found, row) => ({ ...found, [row.why]: (found[row.why] ?? 0) + row.count }), {})).sort(([, one], [, other]) => other - one).map(([name]) => name);
  const named = often.slice(0, often.length > MOST ? MOST - 1 : MOST);
  const groups = [...named.map((name) => [name, (row) => row.why === name]), ...(often.length > MOST ? [["other reasons", (row) => !named.includes(row.why)]] : [])];
  const bars = groups.map(([name, mine], at) => ({ label: title(name), color: COLOURS[at],
    values: intervals.map((one) => String(rows.filter((row) => row.from === one.from && mine(row)).reduce((sum, row) => sum + row.count, 0))) }));
  return panel("Why, over time", [timeChart({ days: intervals.map((one) => one.from), label: "Cancellations by reason", lines: [], bars, tell: (value) => count(value) }),
    h("details", { class: "as-table" }, h("summary", {}, "With the MRR that was lost"), table(REASONS, rows, { caption: "Reasons by month" }))], csvOf("cancellation-reasons", REASONS, rows));
}

export const render = insight({
  title: "Cancellations", list: "Subscriptions", name: "cancellations", path: "/api/cancellations", nothing: "Nobody cancelled in this period.",
  extra: ({ scheduled }) => ({ scheduled }),
  tools: ({ scheduled = "" }) => choice("Which", WHICH, scheduled, (value) => choose({ scheduled: value })),
  above: { load: (asked, signal) => get("/api/cancellations", { ...asked, limit: 1 }, signal), draw: reasons },
  columns: [
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "MRR now", number: true, first: true, cell: (row) => money(row.mrr), text: (row) => moneyText(row.mrr) },
    { title: "Currency", text: (row) => currencyText(row.mrr) },
    { title: "Asked", cell: (row) => time(row.canceled_at), text: (row) => row.canceled_at },
    { title: "Ends", cell: (row) => time(row.ended_at ?? row.ends_at), text: (row) => row.ended_at ?? row.ends_at },
    { title: "Reason", nowrap: true, cell: (row) => title(row.cancellation.reason), text: (row) => row.cancellation.reason },
    { title: "Feedback", nowrap: true, cell: (row) => title(row.cancellation.feedback), text: (row) => row.cancellation.feedback },
    { title: "Subscription", lean: true, cell: (row) => id(row.subscription), text: (row) => row.subscription },
  ],
});
