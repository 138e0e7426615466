// What is due to renew.

import { h } from "../dom.js";
import { currencyText, moneyText } from "../amounts.js";
import { money, title } from "../format.js";
import { insight } from "../insight.js";
import { clientLink, id, since, time } from "../tables.js";

export const render = insight({
  title: "Renewals", list: "In the next 30 days", name: "renewals", path: "/api/renewals", ahead: true, nothing: "Nothing renews in the coming 30 days.",
  columns: [
    { title: "Client", cell: clientLink, text: (row) => row.client },
    { title: "MRR", number: true, first: true, cell: (row) => money(row.mrr), text: (row) => moneyText(row.mrr) },
    { title: "Currency", text: (row) => currencyText(row.mrr) },
    { title: "Renews", cell: (row) => time(row.renews_at), text: (row) => row.renews_at },
    { title: "That is", bare: true, cell: (row) => since(row.renews_at) },
    { title: "Status", cell: (row) => title(row.status), text: (row) => row.status },
    { title: "Plans", lean: true, cell: (row) => h("span", { class: "clip", title: row.plans.join(", ") }, row.plans.join(", ") || "–"), text: (row) => row.plans.join(" ") },
    { title: "Subscription", lean: true, cell: (row) => id(row.subscription), text: (row) => row.subscription },
  ],
});
