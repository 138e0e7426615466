// The figures of a period, each beside the same of another one.

import { amountsOf, inCurrency, mainCurrency, moneyFigure } from "./amounts.js";
import { h } from "./dom.js";
import { amount, count, rate } from "./format.js";
import { order, percentMore, pointsApart } from "./exact.js";

// Which way is good: "up", or "down".
const CARDS = [
  { name: "mrr", title: "MRR", kind: "money", good: "up" }, { name: "arr", title: "ARR", kind: "money", good: "up" },
  { name: "growth_rate", title: "Growth", kind: "rate", good: "up" }, { name: "net_revenue_retention", title: "Net revenue retention", kind: "rate", good: "up" },
  { name: "subscriber_churn_rate", title: "Subscriber churn", kind: "rate", good: "down" }, { name: "revenue_at_risk", title: "Revenue at risk", kind: "money", good: "down" },
  { name: "failed_payments", title: "Failed payments", kind: "count", good: "down" }, { name: "active_subscribers", title: "Subscribers", kind: "count", good: "up" },
];

/** All of them. `chosen`: the currency; `ofMain`, the figures of the main currency alone where there are several, for the
 * rates; `part`, the bridges of the chosen segment. */
export function cards(found, chosen) {
  const main = mainCurrency(found.metrics.mrr, chosen.currency);
  return h("div", { class: "cards" }, CARDS.map((card) => {
    const own = card.kind === "rate" && chosen.ofMain ? chosen.ofMain : found;
    const now = chosen.part ? ofPart(chosen.part) : own.metrics;
    const then = chosen.part ? {} : own.comparison?.metrics ?? {};
    const unit = own === chosen.ofMain && card.name !== "subscriber_churn_rate" ? ` in ${main.toUpperCase()}` : "";
    return h("section", { class: "card" }, h("h2", {}, card.title, unit),
      h("div", { class: "figure", "data-metric": card.name }, figure(card, now[card.name], main, chosen)),
      h("div", { class: "change" }, now[card.name] === undefined ? "not kept by segment" : compared(card, now[card.name], then[card.name], main)));
  }));
}

/** MRR and ARR of a part of the clients: the ledger keeps no more of it. */
function ofPart({ bridges }) {
  const mrr = { by_currency: Object.fromEntries(bridges.map((one) => [one.currency, one.end.amount])) };
  return { mrr };
}

function figure({ kind }, value, main, { currency }) {
  if (value === null || value === undefined) return "–";
  if (kind === "money") return moneyFigure(value, main, Boolean(currency));
  return kind === "rate" ? rate(value) : count(value);
}

function compared({ kind, good }, value, before, main) {
  const [now, then] = kind === "money" ? [inCurrency(value, main) ?? "0", before ? inCurrency(before, main) ?? zeroOf(before) : null] : [value, before];
  if (now === null || now === undefined) return "nothing to compare with yet";
  if (then === null || then === undefined) return "";
  const tell = kind === "money" ? amount(then, main) : kind === "rate" ? rate(then) : count(then);
  const way = order(String(now), String(then));
  if (way === 0) return `as before: ${tell}`;
  const far = kind === "rate" ? `${pointsApart(String(now), String(then))} points` : percentMore(String(now), String(then));
  return [h("span", { class: (way > 0) === (good === "up") ? "up" : "down" }, h("span", { "aria-hidden": "true" }, way > 0 ? "▲ " : "▼ "),
    h("span", { class: "unseen" }, way > 0 ? "more by " : "less by "), far === null ? "" : kind === "rate" ? far : `${far} %`), ` from ${tell}`];
}

const zeroOf = (value) => (amountsOf(value).length ? "0" : null);
