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
 * rates. Where a segment was asked for, `segment` of the answer has what is kept of it; the rest is of all clients, and
 * each card says of whom or what it is. */
export function cards(found, chosen) {
  const main = mainCurrency(found.metrics.mrr, chosen.currency);
  return h("div", { class: "cards" }, CARDS.map((card) => {
    const answer = card.kind === "rate" && chosen.ofMain ? chosen.ofMain : found;
    const isOfPart = answer.segment?.metrics[card.name] !== undefined;
    const now = (isOfPart ? answer.segment : answer).metrics[card.name];
    const then = (isOfPart ? answer.segment.comparison : answer.comparison?.metrics)?.[card.name];
    return h("section", { class: "card" }, h("h2", {}, card.title, h("span", { class: "of" }, scope(card, answer, isOfPart, { ...chosen, main }))),
      h("div", { class: "figure", "data-metric": card.name }, figure(card, now, main, chosen)),
      h("div", { class: "change" }, compared(card, now, then, main)));
  }));
}

/** Of which clients and currencies the figure is, where that is not what was chosen or goes without saying. */
function scope({ name, kind }, answer, isOfPart, { currency, ofMain, main }) {
  const isCounted = kind === "count" || name === "subscriber_churn_rate";
  const clients = !answer.segment ? null : isOfPart ? `${answer.segment.segment} clients` : "all clients";
  const codes = isCounted ? (currency ? "all currencies" : null) : kind === "rate" && ofMain ? `in ${main.toUpperCase()}` : null;
  const told = [clients, codes].filter(Boolean).join(", ");
  return told ? ` · ${told}` : null;
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
