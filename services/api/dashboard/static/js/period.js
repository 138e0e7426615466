// The period that figures are of: chosen by people, kept in the address.

import { h } from "./dom.js";
import { choice, field, form } from "./parts.js";
import { choose } from "./place.js";

const DAY_MS = 86400000;
const iso = (date) => date.toISOString().slice(0, 10);
const back = (days) => iso(new Date(Date.now() - days * DAY_MS));
const RANGES = [["7", "Last 7 days"], ["30", "Last 30 days"], ["90", "Last 90 days"], ["month", "This month"], ["year", "This year"], ["365", "Last 12 months"], ["730", "Last 24 months"], ["own", "Own dates…"]];
const COMPARISONS = [["previous_period", "vs the period before"], ["previous_year", "vs the year before"]];

/** First and last day, and what they are compared with. */
export function periodOf({ from, to, range = "30", compare = "previous_period" }) {
  if (from && to) return { from, to, compare };
  const today = back(0);
  if (range === "month") return { from: `${today.slice(0, 7)}-01`, to: today, compare };
  if (range === "year") return { from: `${today.slice(0, 4)}-01-01`, to: today, compare };
  return { from: back((Number(range) || 30) - 1), to: today, compare };
}

/** Day, week or month: so many points that a chart can be read. */
export function intervalOf({ from, to }) {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  return days <= 95 ? "day" : days <= 400 ? "week" : "month";
}

/** The controls for it; `compares` where the page shows another period beside it. */
export function periodChoice(chosen, compares = true) {
  const range = chosen.from && chosen.to ? "own" : chosen.range || "30";
  const period = periodOf(chosen);
  return [
    choice("Range", RANGES, range, (value) => choose(value === "own" ? { from: period.from, to: period.to, range: null } : { range: value, from: null, to: null })),
    range === "own" ? dates(period) : null,
    compares ? choice("Compare", COMPARISONS, period.compare, (value) => choose({ compare: value })) : null];
}

const dates = ({ from, to }) => h("div", { class: "dates" }, form("Show", h("div", { class: "tools" },
  field("From", { type: "date", name: "from", value: from, required: true }), field("To", { type: "date", name: "to", value: to, required: true })),
async (given) => { choose({ from: given.from, to: given.to }); }));
