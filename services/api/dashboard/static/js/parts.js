// What pages are made of: panels that load, say when they are empty and what went wrong; tables; dialogs; forms.

import { freshId, h, show, announce } from "./dom.js";
import { csv, download } from "./csv.js";

/** A titled region. `tools` stand beside the title. */
export function panel(title, content, ...tools) {
  const id = freshId("panel");
  return h("section", { class: "panel", "aria-labelledby": id },
    h("header", {}, h("h2", { id }, title), tools.length ? h("div", { class: "tools" }, tools) : null),
    content);
}

/** A region whose content comes later. `load` gives what `draw` shows; a failure is shown with a way to try again. */
export function loading(load, draw, signal) {
  const place = h("div", { class: "loading", "aria-busy": "true" }, h("div", { class: "skeleton" }));
  const run = async () => {
    place.setAttribute("aria-busy", "true");
    try {
      const found = await load();
      if (!signal?.aborted) show(place, draw(found, run));
    } catch (error) {
      if (error.name === "AbortError" || signal?.aborted) return;
      show(place, failure(error, run));
    } finally {
      place.classList.remove("loading");
      place.removeAttribute("aria-busy");
    }
  };
  place.again = run;
  run();
  return place;
}

/** What went wrong, what to do, and the id to ask about. */
export function failure(error, again) {
  announce(error.message);
  return h("div", { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, error.message)),
    error.hint ? h("p", {}, error.hint) : null,
    (error.errors || []).length ? h("ul", {}, error.errors.map((one) => h("li", {}, `${one.field}: ${one.message}`))) : null,
    error.requestId ? h("p", { class: "quiet" }, `Request ${error.requestId}`) : null,
    again ? h("button", { type: "button", onclick: again }, "Try again") : null);
}

/** Nothing to show, and what would change that. */
export const empty = (text, ...more) => h("div", { class: "empty" }, h("p", {}, text), more);

/** A word with a colour and, for those who can't tell colours, the word itself. */
export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);

/** A table. Columns: `{title, cell(row) → node|text, text(row) → text for CSV, number, sort}`. */
export function table(columns, rows, { caption, sorted, onsort } = {}) {
  const head = columns.map((column) => h("th", {
    scope: "col", class: column.number ? "number" : null, "aria-sort": ordered(column, sorted),
  }, column.sort && onsort
    ? h("button", { type: "button", class: "sort", onclick: () => onsort(next(column, sorted)) }, column.title, arrow(column, sorted))
    : column.title));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, rows.map((row) => h("tr", {},
        columns.map((column) => h("td", { class: column.number ? "number" : null, "data-title": column.title }, column.cell(row))))))));
}

const next = (column, sorted) => (sorted === `-${column.sort}` ? column.sort : sorted === column.sort ? `-${column.sort}`
  : column.number ? `-${column.sort}` : column.sort);
const arrow = (column, sorted) => (sorted === column.sort ? " ↑" : sorted === `-${column.sort}` ? " ↓" : "");
const ordered = (column, sorted) => (!column.sort ? null : sorted === column.sort ? "ascending"
  : sorted === `-${column.sort}` ? "descending" : "none");

/** A button that hands out a table's rows, all of them, as CSV. */
export function csvButton(name, columns, rows) {
  const button = h("button", { type: "button", class: "plain", onclick: async () => {
    button.disabled = true;
    try {
      const found = await rows();
      const told = columns.filter((column) => column.text);
      download(`${name}.csv`, csv([told.map((column) => column.title), ...found.map((row) => told.map((column) => column.text(row)))]));
      announce(`${name}.csv with ${found.length} rows`);
    } catch (error) {
      button.after(failure(error));
    } finally {
      button.disabled = false;
    }
  } }, "CSV");
  button.setAttribute("aria-label", `Download ${name} as CSV`);
  return button;
}

/** A list that goes on page by page: `load(cursor)` gives `{data, next_cursor}`, `draw(rows)` what is shown of all so far. */
export function pages(load, draw, signal) {
  let rows = [];
  const more = async (cursor) => {
    const page = await load(cursor);
    rows = [...rows, ...page.data];
    return page;
  };
  return loading(() => { rows = []; return more(null); }, function drawn(page) {
    const place = h("div", {});
    const fill = (latest) => show(place, draw(rows, latest), latest.next_cursor
      ? h("button", { type: "button", class: "more", onclick: async (event) => {
        event.currentTarget.disabled = true;
        try { fill(await more(latest.next_cursor)); } catch (error) { place.append(failure(error)); }
      } }, "More") : null);
    fill(page);
    return place;
  }, signal);
}

/** A choice that goes into the address. `options`: `[value, text]`. */
export function choice(label, options, chosen, onchange) {
  const id = freshId("choice");
  return h("span", { class: "choice" }, h("label", { for: id }, label),
    h("select", { id, onchange: (event) => onchange(event.target.value) },
      options.map(([value, text]) => h("option", { value, selected: value === (chosen ?? "") }, text))));
}

/** A labelled input. */
export function field(label, properties = {}, hint = null) {
  const id = freshId("field");
  const input = h(properties.rows ? "textarea" : "input", { id, "aria-describedby": hint ? `${id}-hint` : null, ...properties });
  return h("p", { class: "field" }, h("label", { for: id }, label), input,
    hint ? h("span", { class: "quiet", id: `${id}-hint` }, hint) : null);
}

/** A form that says what went wrong beside its button. `submit` gets the form's values. */
export function form(button, fields, submit, { danger = false } = {}) {
  const told = h("div", { "aria-live": "polite" });
  const send = h("button", { type: "submit", class: danger ? "danger" : "primary" }, button);
  return h("form", { onsubmit: async (event) => {
    event.preventDefault();
    send.disabled = true;
    show(told);
    try {
      const said = await submit(Object.fromEntries(new FormData(event.target)), event.target);
      if (said) show(told, h("p", { class: "done" }, said));
    } catch (error) {
      show(told, failure(error));
    } finally {
      send.disabled = false;
    }
  } }, fields, h("p", {}, send), told);
}

/** A dialog with a title; closes by Escape, by its button, or by `close()`. */
export function dialog(title, fill) {
  const id = freshId("dialog");
  const box = h("dialog", { "aria-labelledby": id, onclose: () => box.remove() });
  const close = () => box.close();
  box.append(h("header", {}, h("h2", { id }, title),
    h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "×")), h("div", {}, fill(close)));
  document.body.append(box);
  box.showModal();
  return close;
}

/** Terms and what they are. */
export const terms = (pairs) => h("dl", { class: "terms" },
  pairs.filter(([, value]) => value !== null && value !== undefined).map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
