// Trials: who tries, until when, and how many stay.

import { get } from "../api.js";
import { currencyText, moneyText } from "../amounts.js";
import { count, money, rate } from "../format.js";
import { figures, insight } from "../insight.js";
import { badge } from "../parts.js";
import { clientLink, id, time } from "../tables.js";

const outcome = ({ trial }) => (trial?.converted_at ? "converted" : trial?.ended_at ? "ended" : "going on");
const KINDS = { converted: "good", ended: "warn", "going on": "" };

export const render = insight({
  title: "Trials", list: "Trials that began", name: "trials", path: "/api/trials", nothing: "Nobody began a trial in this period.",
  above: {
    load: (asked, signal) => get("/api/trials", { ...asked, limit: 1 }, signal),
    draw: ({ counts }) => figures([["New trials", count(counts.new_trials)], ["Trials ended", count(counts.trials_ended)], ["Converted", count(counts.converted)], ["Conversion", rate(counts.trial_conversion_rate)]]),
  },
  columns: [
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "MRR now", number: true, first: true, cell: (row) => money(row.mrr), text: (row) => moneyText(row.mrr) },
    { title: "Currency", text: (row) => currencyText(row.mrr) },
    { title: "Outcome", bare: true, cell: (row) => badge(outcome(row), KINDS[outcome(row)]), text: outcome },
    { title: "Began", cell: (row) => time(row.trial?.began_at), text: (row) => row.trial?.began_at },
    { title: "Ends", cell: (row) => time(row.trial?.ends_at), text: (row) => row.trial?.ends_at },
    { title: "Subscription", lean: true, cell: (row) => id(row.subscription), text: (row) => row.subscription },
  ],
});
