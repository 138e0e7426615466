// The reference: /openapi.json as a page. Text is always text, so nothing in the document can become markup.

import { example } from "./example.js";
import { h, rich } from "./rich.js";
import { schema } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

async function start() {
  const place = document.getElementById("reference");
  const answer = await fetch("/openapi.json");
  if (!answer.ok) {
    place.replaceChildren(h("p", { class: "starting", role: "alert" }, `The document can't be read (${answer.status}). Try again.`));
    return;
  }
  const api = await answer.json();
  const groups = grouped(api);
  place.replaceChildren(
    h("div", { class: "reference" }, contents(groups), h("main", { id: "main", tabindex: "-1" }, about(api), groups.map((group) => section(api, group)))),
  );
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function grouped(api) {
  const all = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
  );
  return api.tags
    .map((tag) => ({ ...tag, operations: all.filter(({ operation }) => operation.tags[0] === tag.name) }))
    .filter((group) => group.operations.length);
}

function contents(groups) {
  const links = groups.map((group) => [
    h("h2", {}, group.name),
    h("ul", {}, group.operations.map(link)),
  ]);
  const list = h("div", {}, links);
  const find = h("input", { type: "search", placeholder: "Find an address", "aria-label": "Find an address" });
  find.addEventListener("input", () => narrow(list, find.value.trim().toLowerCase()));
  return h("nav", { class: "contents", "aria-label": "Addresses", tabindex: "0" }, h("a", { href: "/" }, "revstream"), h("a", { href: "/docs/topics" }, "Topics"), find, list);
}

function link({ path, method, operation }) {
  const name = h("span", { class: `method ${method}` }, method.toUpperCase());
  return h("li", { "data-words": `${method} ${path} ${operation.summary}`.toLowerCase() }, h("a", { href: `#${operation.operationId}`, title: operation.summary }, name, path));
}

function narrow(list, words) {
  for (const item of list.querySelectorAll("li")) item.hidden = !item.dataset.words.includes(words);
  for (const group of list.querySelectorAll("ul")) {
    const empty = [...group.children].every((item) => item.hidden);
    group.hidden = empty;
    group.previousElementSibling.hidden = empty;
  }
}

function about(api) {
  const source = h("p", { class: "quiet" }, `Version ${api.info.version} · `, h("a", { href: "/openapi.json" }, "openapi.json"), ` · OpenAPI ${api.openapi}`);
  return h("section", { class: "about" }, h("h1", {}, "API reference"), source, rich(api.info.description));
}

function section(api, group) {
  return h("section", { "aria-label": group.name }, h("h2", {}, group.name), h("p", { class: "quiet" }, group.description), group.operations.map((one) => shown(api, one)));
}

function shown(api, { path, method, operation }) {
  const title = h("h3", {}, h("span", { class: `method ${method}` }, method.toUpperCase()), h("code", {}, path));
  return h(
    "article",
    { class: "operation", id: operation.operationId },
    title,
    rich(operation.description),
    parameters(api, operation.parameters),
    body(api, operation.requestBody),
    h("h4", {}, "Answers"),
    h("div", {}, Object.entries(operation.responses).map(([status, one]) => answered(api, status, one))),
    h("h4", {}, "Example"),
    h("pre", { tabindex: "0" }, h("code", {}, example(api, path, method, operation))),
  );
}

function parameters(api, list = []) {
  if (!list.length) return null;
  const rows = list.map((one) =>
    h("tr", {}, h("td", {}, h("code", {}, one.name)), h("td", { class: "quiet" }, one.in, one.required ? " · required" : ""), h("td", {}, schema(api, one.schema), one.description ? rich(one.description) : null)),
  );
  const head = h("tr", {}, h("th", { scope: "col" }, "Parameter"), h("th", { scope: "col" }, "In"), h("th", { scope: "col" }, "Value"));
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows)));
}

function body(api, given) {
  if (!given) return null;
  const kinds = Object.entries(given.content).map(([kind, one]) => [h("p", {}, h("code", {}, kind)), schema(api, one.schema)]);
  return [h("h4", {}, "Body"), kinds];
}

function answered(api, status, given) {
  const one = given.$ref ? api.components.responses[given.$ref.split("/").pop()] : given;
  const [first] = Object.entries(one.content ?? {});
  const inside = h("div", {});
  const fill = () => {
    const told = first && status < "400" ? [h("p", {}, h("code", {}, first[0])), schema(api, first[1].schema)] : null;
    inside.replaceChildren(...[status < "400" ? null : rich(one.description), told].flat().filter(Boolean));
  };
  const short = status < "400" ? one.description : [...one.description.matchAll(/^- `([a-z_]+)`/gm)].map((found) => found[1]).join(", ");
  const details = h("details", { class: "answer" }, h("summary", {}, h("code", {}, status), short), inside);
  details.addEventListener("toggle", fill, { once: true });
  return details;
}

start();
