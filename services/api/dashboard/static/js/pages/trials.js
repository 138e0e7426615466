// Trials: who tries, until when, and how many stay.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, instant, money, rate } from "../format.js";
import { insight } from "../insight.js";
import { clientLink } from "../links.js";

const TOLD = [["new_trials", "New trials", count], ["trials_ended", "Trials ended", count], ["converted", "Converted", count], ["trial_conversion_rate", "Conversion", rate]];
const outcome = ({ trial }) => (trial?.converted_at ? "converted" : trial?.ended_at ? "ended" : "going on");

export const render = insight({
  title: "Trials", name: "trials", path: "/api/trials", nothing: "Nobody began a trial in this period.",
  above: {
    load: (asked, signal) => get("/api/trials", { ...asked, limit: 1 }, signal),
    draw: ({ counts }) => h("div", { class: "cards" }, TOLD.map(([name, title, tell]) => h("section", { class: "card" }, h("h2", {}, title), h("div", { class: "figure" }, tell(counts[name]))))),
  },
  columns: [
    { title: "Began", cell: (row) => instant(row.trial?.began_at), text: (row) => row.trial?.began_at },
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "Ends", cell: (row) => instant(row.trial?.ends_at), text: (row) => row.trial?.ends_at },
    { title: "Outcome", cell: outcome, text: outcome },
    { title: "MRR now", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
    { title: "Currency", cell: (row) => (row.currency || "").toUpperCase(), text: (row) => row.currency },
  ],
});
