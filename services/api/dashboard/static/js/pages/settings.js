// What the project has set: the policy, with what a change of it would do to MRR.

import { get, patch } from "../api.js";
import { h, show } from "../dom.js";
import { money, words } from "../format.js";
import { choice, field, form, loading, panel, table, terms } from "../parts.js";

const PATH = "/api/integrations/stripe/settings";
const PRESETS = ["default", "stripe", "chartmogul", "baremetrics", "profitwell"];

export function settingsPanel(session, signal) {
  const may = session.scopes.includes("admin");
  const shown = loading(() => get(PATH, {}, signal), (found) => h("div", {},
    h("div", { class: "columns" }, terms([["Preset", words(found.preset)], ["Base currency", (found.base_currency || "none").toUpperCase()], ["Time zone", found.timezone], ["Version", String(found.version)]]),
      may ? change(found, () => shown.again()) : null),
    h("details", {}, h("summary", {}, "Every option"), terms(Object.entries(found.policy).map(([name, value]) => [words(name), h("code", {}, JSON.stringify(value))])))), signal);
  return h("div", { class: "columns" }, panel("Settings", shown), panel("MRR under each definition", definitions(signal)));
}

function change(found, again) {
  return form("Change", [
    h("p", { class: "field" }, choice("Preset", PRESETS.map((one) => [one, words(one)]), found.preset, () => null)),
    field("Base currency", { name: "base_currency", value: found.base_currency || "", maxlength: 3, size: 4 }, "Three letters; empty for none"),
    field("Time zone", { name: "timezone", value: found.timezone, maxlength: 60 }),
    field("Options", { name: "policy", rows: 4, value: JSON.stringify(found.options, null, 1) }, "As JSON, by the names below"),
  ], async ({ base_currency: base, timezone, policy }, sent) => {
    const preset = sent.querySelector("select").value;
    await patch(PATH, { preset, policy: { ...JSON.parse(policy || "{}"), base_currency: base || null, timezone } });
    again();
    return "Kept. Figures follow within moments; history is folded again in the background.";
  });
}

function definitions(signal) {
  const place = h("div", {}, h("p", {}, "What today's MRR would be under each product's rules, and which subscriptions make the difference."),
    h("button", { type: "button", onclick: () => show(place, loading(() => get("/api/mrr/definitions", {}, signal), told, signal)) }, "Compare"));
  return place;
}

function told(found) {
  const because = found.presets.flatMap((one) => one.because.map((each) => ({ preset: one.preset, ...each })));
  return h("div", {},
    table([{ title: "Definition", cell: (row) => words(row.preset) }, { title: "MRR", number: true, cell: (row) => money(row.mrr) },
      { title: "Subscriptions", number: true, cell: (row) => String(row.active_subscriptions) }], found.presets, { caption: "MRR under each definition" }),
    because.length ? h("details", {}, h("summary", {}, "What makes them differ"),
      table([{ title: "Definition", cell: (row) => words(row.preset) }, { title: "Rule", cell: (row) => `${words(row.rule)} instead of ${words(row.instead_of)}` },
        { title: "Subscriptions", number: true, cell: (row) => String(row.subscriptions) }, { title: "Difference", number: true, cell: (row) => money(row.difference) }],
      because, { caption: "What makes the definitions differ" })) : h("p", {}, `All agree (with ${words(found.reference)} as the reference).`),
    found.data.length ? h("details", {}, h("summary", {}, "Subscription by subscription"), h("ul", { class: "why" }, found.data.map((one) =>
      h("li", {}, h("code", {}, one.subscription), " ", Object.entries(one.mrr).map(([name, value]) => `${words(name)} ${money(value)}`).join(", "))))) : null);
}
