// What is due to renew.

import { h } from "../dom.js";
import { instant, money, words } from "../format.js";
import { insight } from "../insight.js";
import { clientLink } from "../links.js";

export const render = insight({
  title: "Renewals", name: "renewals", path: "/api/renewals", ahead: true, nothing: "Nothing renews in the coming 30 days.",
  columns: [
    { title: "Renews", cell: (row) => instant(row.renews_at), text: (row) => row.renews_at },
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "Plans", cell: (row) => row.plans.join(", "), text: (row) => row.plans.join(" ") },
    { title: "Status", cell: (row) => words(row.status), text: (row) => row.status },
    { title: "MRR", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
    { title: "Currency", cell: (row) => (row.currency || "").toUpperCase(), text: (row) => row.currency },
  ],
});
