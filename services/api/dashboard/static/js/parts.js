// What pages are made of: panels that load, say when they are empty and what went wrong; dialogs; forms.

import { announce, freshId, h, show } from "./dom.js";

/** A region. `tools` stand beside its title, if it has one. */
export function panel(title, content, ...tools) {
  if (title === null) return h("section", { class: "panel" }, content);
  const id = freshId("panel");
  return h("section", { class: "panel", "aria-labelledby": id },
    h("header", {}, h("h2", { id }, title), tools.length ? h("div", { class: "tools" }, tools) : null),
    content);
}

/** Where something will be. */
export const waiting = (kind = "") => h("div", { class: `skeleton ${kind}`, role: "presentation" }, kind ? h("i", {}) : [1, 2, 3, 4, 5].map(() => h("i", {})));

/** A region whose content comes later. `load` gives what `draw` shows; a failure is shown with a way to try again.
 * What is loaded again stays to be seen until the new is there. */
export function loading(load, draw, signal, kind = "") {
  const place = h("div", { class: "loading", "aria-busy": "true" }, waiting(kind));
  let asked = 0;
  const run = async () => {
    const own = ++asked;
    place.setAttribute("aria-busy", "true");
    if (!place.classList.contains("loading")) place.classList.add("refreshing");
    try {
      const found = await load();
      if (own === asked && !signal?.aborted) show(place, draw(found, run));
    } catch (error) {
      if (error.name === "AbortError" || signal?.aborted || own !== asked) return;
      show(place, failure(error, run));
    } finally {
      if (own === asked) {
        place.classList.remove("loading", "refreshing");
        place.removeAttribute("aria-busy");
      }
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
export const empty = (text, ...more) => h("div", { class: "empty" }, h("strong", {}, text), more);

/** What is shown is not all there is, and why. */
export const partial = (text, ...more) => h("div", { class: "failure partial", role: "status" }, h("p", {}, text), more);

/** A word with a colour and, for those who can't tell colours, the word itself. */
export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);

const BODY = "tbody, ul.list";

/** A list that goes on page by page: `load(cursor)` gives `{data, next_cursor}`, `draw(rows)` shows a page of it. */
export function pages(load, draw, signal) {
  return loading(() => load(null), function drawn(first) {
    const place = h("div", {}, draw(first.data, first));
    const go = (page) => {
      if (!page.next_cursor) return;
      const button = h("button", { type: "button", class: "more", onclick: async () => {
        button.disabled = true;
        try {
          const following = await load(page.next_cursor);
          place.querySelector(BODY).append(...draw(following.data, following).querySelector(BODY).children);
          button.remove();
          go(following);
        } catch (error) {
          button.replaceWith(failure(error, () => { place.querySelector(".failure")?.remove(); go(page); }));
        }
      } }, "More");
      place.append(button);
    };
    go(first);
    return place;
  }, signal);
}

/** A choice that goes into the address. `options`: `[value, text]`. */
export function choice(label, options, chosen, onchange) {
  const id = freshId("choice");
  return h("span", { class: "choice" }, h("label", { for: id, class: "unseen" }, label),
    h("select", { id, "data-key": label, onchange: (event) => onchange?.(event.target.value) },
      options.map(([value, text]) => h("option", { value, selected: value === (chosen ?? "") }, text))));
}

/** One of several to choose, in a form. */
export function options(label, name, values, chosen, hint = null) {
  const id = freshId("field");
  return h("p", { class: "field" }, h("label", { for: id }, label),
    h("select", { id, name }, values.map(([value, text]) => h("option", { value, selected: value === String(chosen ?? "") }, text))),
    hint ? h("span", { class: "quiet" }, hint) : null);
}

/** A yes or no, in a form. */
export function check(label, name, checked, hint = null) {
  const id = freshId("field");
  return h("p", { class: "field check" }, h("input", { type: "checkbox", id, name, checked }), h("label", { for: id }, label),
    hint ? h("span", { class: "quiet" }, hint) : null);
}

/** Parts of one page, each with an address. */
export const tabs = (label, values, chosen, address) => h("nav", { class: "tabs", "aria-label": label }, values.map(([value, text]) =>
  h("a", { href: address(value), "aria-current": value === chosen ? "page" : null, "data-key": `tab ${value}` }, text)));

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

/** Terms beside each other, each above what it is. */
export const termsAcross = (pairs) => h("dl", { class: "terms across" },
  pairs.filter(([, value]) => value !== null && value !== undefined).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));

/** Terms and what they are. */
export const terms = (pairs) => h("dl", { class: "terms" },
  pairs.filter(([, value]) => value !== null && value !== undefined).map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
