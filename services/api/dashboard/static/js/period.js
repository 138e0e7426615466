// The period that figures are of: chosen by people, kept in the address.

import { h } from "./dom.js";
import { choice, field, form } from "./parts.js";
import { changed, go } from "./place.js";

const iso = (date) => date.toISOString().slice(0, 10);
const back = (days) => iso(new Date(Date.now() - days * 86400000));
const RANGES = [["30", "30 days"], ["90", "90 days"], ["365", "12 months"], ["730", "24 months"], ["own", "Own dates"]];

/** First and last day, and what they are compared with. */
export function periodOf({ from, to, range = "30", compare = "previous_period" }) {
  if (from && to) return { from, to, compare };
  return { from: back(Number(range) - 1 || 29), to: iso(new Date()), compare };
}

/** Day, week or month: so many points that a chart can be read. */
export function intervalOf({ from, to }) {
  const days = (Date.parse(to) - Date.parse(from)) / 86400000;
  return days <= 95 ? "day" : days <= 370 ? "week" : "month";
}

/** The controls for it. */
export function periodChoice(chosen) {
  const range = chosen.from && chosen.to ? "own" : chosen.range || "30";
  const period = periodOf(chosen);
  return h("div", { class: "tools" },
    choice("Range", RANGES, range, (value) => go(value === "own" ? changed({ ...periodOf(chosen), range: null })
      : changed({ range: value, from: null, to: null }))),
    range === "own" ? form("Show", [field("From", { type: "date", name: "from", value: period.from, required: true }),
      field("To", { type: "date", name: "to", value: period.to, required: true })],
    async ({ from, to }) => { go(changed({ from, to })); }) : null,
    choice("Compare with", [["previous_period", "the period before"], ["previous_year", "the year before"]],
      period.compare, (value) => go(changed({ compare: value }))));
}
