// Trials: who tries, until when, and how many stay.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, instant, money, rate, words } from "../format.js";
import { link } from "../place.js";
import { insight } from "../insight.js";

const TOLD = [["new_trials", "New trials", count], ["trials_ended", "Trials ended", count], ["trial_conversion_rate", "Conversion", rate]];

export const render = insight({
  title: "Trials", name: "trials", path: "/api/trials", nothing: "Nobody tries anything in this period.",
  above: {
    load: (asked, signal) => get("/api/metrics", asked, signal),
    draw: ({ metrics }) => h("div", { class: "cards" }, TOLD.map(([name, title, tell]) => h("section", { class: "card" }, h("h2", {}, title), h("div", { class: "figure" }, tell(metrics[name]))))),
  },
  columns: [
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "Client", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client), text: (row) => row.client },
    { title: "Began", cell: (row) => instant(row.trial_start ?? row.started_at), text: (row) => row.trial_start ?? row.started_at },
    { title: "Ends", cell: (row) => instant(row.trial_end ?? row.ends_at), text: (row) => row.trial_end ?? row.ends_at },
    { title: "Outcome", cell: (row) => words(row.outcome ?? row.status), text: (row) => row.outcome ?? row.status },
    { title: "MRR after it", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
  ],
});
