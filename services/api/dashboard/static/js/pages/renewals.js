// What is due to renew, and what will not.

import { h } from "../dom.js";
import { day, money, words } from "../format.js";
import { insight } from "../insight.js";
import { link } from "../place.js";

export const render = insight({
  title: "Renewals", name: "renewals", path: "/api/renewals", ahead: true, nothing: "Nothing renews in the coming days.",
  columns: [
    { title: "Renews", cell: (row) => day(row.renews_at ?? row.current_period_end), text: (row) => row.renews_at ?? row.current_period_end },
    { title: "Client", cell: (row) => h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client), text: (row) => row.client },
    { title: "Subscription", cell: (row) => h("code", {}, row.subscription), text: (row) => row.subscription },
    { title: "MRR", number: true, cell: (row) => money(row.mrr), text: (row) => row.mrr?.amount },
    { title: "Then", cell: (row) => (row.cancel_at_period_end || row.cancels ? "ends" : words(row.status ?? "renews")), text: (row) => row.status },
  ],
});
