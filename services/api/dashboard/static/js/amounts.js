// Amounts where several currencies may stand side by side: nothing adds them up, so one stands first.

import { h } from "./dom.js";
import { amount, digits, drawn } from "./format.js";

const FIRST = ["usd", "eur", "gbp"];

/** `[currency, text]` of a money object; nothing for null. */
export const amountsOf = (value) => (!value ? [] : value.by_currency ? Object.entries(value.by_currency) : [[value.currency, value.amount]]);

/** The currency that stands first: the chosen one, the only one, else a usual one. */
export function mainCurrency(value, chosen) {
  const codes = amountsOf(value).map(([code]) => code);
  return chosen || FIRST.find((code) => codes.includes(code)) || codes[0] || null;
}

/** The text of `value` in `currency`; null where it has none. */
export const inCurrency = (value, currency) => amountsOf(value).find(([code]) => code === currency)?.[1] ?? null;

/** A figure: the main currency large, the others that are not zero beneath it; of a chosen one, that one alone. */
export function moneyFigure(value, main, alone) {
  const known = amountsOf(value);
  if (!known.length) return [h("span", {}, "–")];
  const text = inCurrency(value, main) ?? (main ? "0" : "–");
  const rest = alone ? [] : known.filter(([code, other]) => code !== main && drawn(other) !== 0);
  return [h("span", {}, digits(text), main ? " " : null, main ? h("span", { class: "unit" }, main.toUpperCase()) : null),
    rest.length ? h("div", { class: "others" }, rest.map(([code, other]) => h("span", {}, amount(other, code)))) : null];
}

/** In a table: one amount to a line. */
export function moneyCell(value) {
  const known = amountsOf(value);
  if (!known.length) return "–";
  return known.length === 1 ? amount(known[0][1], known[0][0]) : known.map(([code, text]) => h("div", {}, amount(text, code)));
}

/** For CSV: the amount, and its currency in a column of its own; of several, all in the first one. */
export const moneyText = (value) => { const known = amountsOf(value); return known.length === 1 ? known[0][1] : known.map(([code, text]) => `${text} ${code}`).join(" "); };
export const currencyText = (value) => { const known = amountsOf(value); return known.length === 1 ? known[0][0] : ""; };
