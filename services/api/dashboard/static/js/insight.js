// A page with a list of one kind, in a period: what cancellations, trials, renewals and failed payments have in common.

import { all, get } from "./api.js";
import { h } from "./dom.js";
import { empty, loading, pages, panel } from "./parts.js";
import { periodChoice, periodOf } from "./period.js";
import { csvButton, table } from "./tables.js";

/** `about`: `{title, path, name, columns, nothing, ahead, extra(parameters), tools(parameters), above: {load, draw}}`. */
export const insight = (about) => ({ parameters, signal }) => {
  const { from, to } = periodOf(parameters);
  const { mode } = parameters;
  const asked = { ...(about.ahead ? { mode } : { from, to, mode }), ...about.extra?.(parameters) };
  const list = pages((cursor) => get(about.path, { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(about.columns, rows, { caption: about.title }) : empty(about.nothing, about.hint ? h("span", {}, about.hint) : null)), signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, about.title), h("div", { class: "tools" }, about.ahead ? null : periodChoice(parameters, false), about.tools?.(parameters))),
    about.above ? loading(() => about.above.load({ from, to, mode }, signal), about.above.draw, signal, "tall") : null,
    panel(about.list, list, csvButton(about.name, about.columns, () => all(about.path, asked))),
  ];
};

/** Figures in a row of cards: `[title, content]`. */
export const figures = (told) => h("div", { class: "cards" }, told.map(([name, content]) => h("section", { class: "card" }, h("h2", {}, name), h("div", { class: "figure" }, content))));
