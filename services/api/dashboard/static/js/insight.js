// A page with a list of one kind, in a period: what cancellations, trials, renewals and failed payments have in common.

import { all, get } from "./api.js";
import { h } from "./dom.js";
import { csvButton, empty, loading, pages, panel, table } from "./parts.js";
import { periodChoice, periodOf } from "./period.js";

/** `about`: `{title, path, name, columns, nothing, above(period, signal)}`. */
export const insight = (about) => ({ parameters, signal }) => {
  const { from, to } = periodOf(parameters);
  const { mode } = parameters;
  const asked = about.ahead ? { mode } : { from, to, mode };
  const list = pages((cursor) => get(about.path, { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(about.columns, rows, { caption: about.title }) : empty(about.nothing)), signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, about.title), about.ahead ? null : periodChoice(parameters)),
    about.above ? loading(() => about.above.load({ from, to, mode }, signal), about.above.draw, signal) : null,
    panel("List", list, csvButton(about.name, about.columns, () => all(about.path, asked))),
  ];
};
