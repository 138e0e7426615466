// Today's MRR as each product would count it, and which subscriptions make the difference.

import { get } from "../api.js";
import { moneyCell, moneyText } from "../amounts.js";
import { h, show } from "../dom.js";
import { count, money, title, words } from "../format.js";
import { loading, partial } from "../parts.js";
import { csvOf, id, table } from "../tables.js";

const PRESETS = [
  { title: "Definition", cell: (row) => title(row.preset), text: (row) => row.preset },
  { title: "MRR", number: true, first: true, cell: (row) => moneyCell(row.mrr), text: (row) => moneyText(row.mrr) },
  { title: "Subscriptions", number: true, cell: (row) => count(row.active_subscriptions), text: (row) => row.active_subscriptions },
];
const BECAUSE = [
  { title: "Definition", cell: (row) => title(row.preset), text: (row) => row.preset },
  { title: "Rule", cell: (row) => [title(row.rule), h("div", { class: "message" }, `instead of ${words(row.instead_of)}`)], text: (row) => row.rule },
  { title: "Subscriptions", number: true, cell: (row) => count(row.subscriptions), text: (row) => row.subscriptions },
  { title: "Difference", number: true, first: true, cell: (row) => moneyCell(row.difference), text: (row) => moneyText(row.difference) },
];

/** Asked for when somebody wants to know. */
export function definitions(signal) {
  const place = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Why another tool says another number: today's MRR under each product's published rules."),
    h("p", {}, h("button", { type: "button", onclick: () => show(place, loading(() => get("/api/mrr/definitions", {}, signal), told, signal)) }, "Compare")));
  return place;
}

function told(found) {
  const because = found.presets.flatMap((one) => one.because.map((each) => ({ preset: one.preset, ...each })));
  return h("div", { class: "stack" },
    found.pending ? partial(`${count(found.pending)} ${found.pending === 1 ? "customer has" : "customers have"} changed and will be counted again in a moment.`) : null,
    table(PRESETS, found.presets, { caption: "MRR under each definition" }), h("p", {}, csvOf("definitions", PRESETS, found.presets)),
    because.length ? h("details", {}, h("summary", {}, "What makes them differ"), table(BECAUSE, because, { caption: "What makes the definitions differ" }), csvOf("definitions-differ", BECAUSE, because))
      : h("p", {}, `All agree (with ${words(found.reference)} as the reference).`),
    found.data.length ? h("details", {}, h("summary", {}, "Subscription by subscription"), h("ul", { class: "why" }, found.data.map((one) =>
      h("li", {}, id(one.subscription), " ", Object.entries(one.mrr).map(([name, value]) => `${words(name)} ${money(value)}`).join(", "))))) : null);
}
