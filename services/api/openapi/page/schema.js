// A JSON Schema as a tree that opens where somebody looks.

import { h, rich } from "./rich.js";

/** What the schema says: its type in a word, and its fields below. */
export function schema(api, given) {
  const one = resolved(api, given);
  if (one.properties) return fields(api, one);
  if (one.type === "array" && inner(api, one.items)) return h("div", {}, h("span", { class: "type" }, "list of"), schema(api, one.items));
  const choices = (one.anyOf ?? one.oneOf ?? []).filter((each) => inner(api, each));
  return h("div", {}, h("span", { class: "type" }, word(api, one)), choices.map((each) => schema(api, each)));
}

function fields(api, one) {
  const required = new Set(one.required ?? []);
  const items = Object.entries(one.properties).map(([name, value]) => field(api, name, value, required.has(name)));
  return h("div", {}, one.description ? rich(one.description) : null, h("ul", { class: "schema" }, items));
}

function field(api, name, value, isRequired) {
  const line = [h("code", {}, name), " ", h("span", { class: "type" }, word(api, value)), isRequired ? "" : h("span", { class: "required" }, " may be missing")];
  const told = value.description ?? "";
  if (!inner(api, value)) return h("li", {}, line, told ? ` – ${told}` : "");
  const inside = h("div", {});
  const details = h("details", {}, h("summary", {}, line), inside);
  details.addEventListener("toggle", () => inside.replaceChildren(...unfolded(api, value)), { once: true });
  return h("li", {}, details);
}

/** The objects within a value: what there is to unfold. */
function unfolded(api, value) {
  const one = resolved(api, value);
  if (one.properties) return [fields(api, one)];
  const parts = one.anyOf ?? one.oneOf ?? [one.items, one.additionalProperties].filter((each) => each && typeof each === "object");
  return parts.flatMap((each) => (inner(api, each) ? unfolded(api, each) : []));
}

function inner(api, value) {
  const one = resolved(api, value ?? {});
  if (one.properties) return true;
  const parts = one.anyOf ?? one.oneOf ?? [one.items, one.additionalProperties];
  return parts.some((each) => each && typeof each === "object" && inner(api, each));
}

function resolved(api, value) {
  return value.$ref ? api.components.schemas[value.$ref.split("/").pop()] : value;
}

/** A type in a word or two. */
function word(api, value) {
  if (value.$ref && resolved(api, value).properties) return value.$ref.split("/").pop();
  const one = resolved(api, value);
  if (one.enum) return one.enum.map((each) => JSON.stringify(each)).join(" | ");
  const choices = one.anyOf ?? one.oneOf;
  if (choices) return choices.map((each) => word(api, each)).join(" | ");
  if (one.type === "array") return `list of ${word(api, one.items ?? {})}`;
  if (one.type === "object" && typeof one.additionalProperties === "object") return `object of ${word(api, one.additionalProperties)}`;
  return [one.type ?? "any", one.format, bounds(one)].filter(Boolean).join(", ");
}

function bounds(one) {
  const said = [];
  if (one.minimum !== undefined || one.maximum !== undefined) said.push(`${one.minimum ?? "…"} to ${one.maximum ?? "…"}`);
  if (one.maxLength !== undefined) said.push(`at most ${one.maxLength} characters`);
  if (one.pattern !== undefined) said.push(`like ${one.pattern}`);
  if (one.default !== undefined) said.push(`by default ${JSON.stringify(one.default)}`);
  return said.join(", ");
}
