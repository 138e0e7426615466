// Tables, what is in their cells, and their rows as CSV.

import { csv, download } from "./csv.js";
import { announce, h } from "./dom.js";
import { fromNow, instant, instantWhole } from "./format.js";
import { link } from "./place.js";

/** A table. Columns: `{title, cell(row) → node|text, text(row) → text for CSV, number, sort}`. A column without `cell` is
 * in the CSV only. On a phone a row is a block: `first` stands on its first line, `lean` is left out, `bare` has no title. */
export function table(columns, rows, { caption, sorted, onsort } = {}) {
  const shown = columns.filter((column) => column.cell);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "rows", role: "table" },
      h("caption", { class: "unseen" }, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, shown.map((column) => head(column, sorted, onsort)))),
      h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, shown.map((column) =>
        h("td", { role: "cell", class: classes(column), "data-title": column.title }, column.cell(row))))))));
}

const classes = (column) => [column.number && "number", column.nowrap && "nowrap", column.first && "first-line", column.lean && "lean", column.bare && "bare", column.block && "block"].filter(Boolean).join(" ") || null;

function head(column, sorted, onsort) {
  const sortable = column.sort && onsort;
  return h("th", { scope: "col", role: "columnheader", class: column.number ? "number" : null, "aria-sort": ordered(column, sorted) },
    sortable ? h("button", { type: "button", class: "sort", "data-key": `sort ${column.sort}`, onclick: () => onsort(next(column, sorted)) }, column.title, arrow(column, sorted))
      : column.hidden ? h("span", { class: "unseen" }, column.title) : column.title);
}

const next = (column, sorted) => (sorted === `-${column.sort}` ? column.sort : sorted === column.sort ? `-${column.sort}`
  : column.number ? `-${column.sort}` : column.sort);
const arrow = (column, sorted) => (sorted === column.sort ? " ↑" : sorted === `-${column.sort}` ? " ↓" : "");
const ordered = (column, sorted) => (!column.sort ? null : sorted === column.sort ? "ascending"
  : sorted === `-${column.sort}` ? "descending" : "none");

/** A button that hands out a table's rows, all of them, as CSV. */
export function csvButton(name, columns, rows) {
  const button = h("button", { type: "button", class: "plain", "aria-label": `Download ${name} as CSV`, onclick: async () => {
    button.disabled = true;
    try {
      const found = await rows();
      const told = columns.filter((column) => column.text);
      download(`${name.replaceAll(/[^\w.-]+/g, "-")}.csv`, csv([told.map((column) => column.title), ...found.map((row) => told.map((column) => column.text(row)))]));
      announce(`${name}.csv with ${found.length} rows`);
    } catch (error) {
      button.after(h("span", { class: "down", role: "alert" }, error.message));
    } finally {
      button.disabled = false;
    }
  } }, "CSV");
  return button;
}

/** Rows that are at hand already, as CSV. */
export const csvOf = (name, columns, rows) => csvButton(name, columns, async () => rows);

/** An instant, short; to the second for who points at it. */
export const time = (text) => (text ? h("time", { datetime: text, title: instantWhole(text) }, instant(text)) : "–");

/** How long ago or until. */
export const since = (text) => (text ? h("time", { datetime: text, title: instantWhole(text) }, fromNow(text)) : "–");

/** An id in full for who points at it or copies it. */
export const id = (text) => (text ? h("code", { title: text }, text) : "–");

const OWN = "customer:";

/** A client's name as people know it; of one that is a single customer, that customer's id. */
export const clientName = (client, name) => ((name && name !== client ? name : client).replace(OWN, "") || client);

/** The link to a client's page. */
export const clientLink = (row) => (row.client
  ? h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`), title: row.client_name || row.name || row.client, class: "clip" }, clientName(row.client, row.client_name || row.name)) : "–");
