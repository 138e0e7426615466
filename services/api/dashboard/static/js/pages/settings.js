// What the project has set: how MRR is counted, with what a change would do to it before it is kept.

import { get, patch, post } from "../api.js";
import { moneyCell } from "../amounts.js";
import { h, show } from "../dom.js";
import { count, title, words } from "../format.js";
import { badge, check, empty, field, form, loading, options, panel, partial, terms } from "../parts.js";
import { csvOf, table } from "../tables.js";
import { definitions } from "./definitions.js";

const PATH = "/api/integrations/stripe/settings";
const PRESETS = ["default", "stripe", "chartmogul", "baremetrics", "profitwell"].map((one) => [one, title(one)]);
const CHECKS = [["include_trials", "Trials count"], ["include_past_due", "Past due subscriptions count"], ["include_metered", "Metered prices count"], ["free_is_churn", "Becoming free is churn"], ["strip_inclusive_tax", "Take off tax that prices include"]];
const CHOICES = [["churn_recognition", "Churn is recognised", [["at_period_end", "At the period's end"], ["at_request", "When it is asked for"]]],
  ["pause_collection", "Paused collection", [["by_behavior", "By its behaviour"], ["include", "Counts"], ["exclude", "Does not count"]]]];
const TIERS = [["3_days", "3 days"], ["30_days", "30 days"], ["unlimited", "Without limit"]];

export function settingsPanel(session, signal) {
  const may = session.scopes.includes("admin");
  const shown = loading(() => get(PATH, {}, signal), (found) => h("div", { class: "stack" },
    found.recounting ? partial("History is being counted again under the changed rules.") : null,
    may ? change(found, () => shown.again(), signal) : summary(found),
    h("details", {}, h("summary", { class: "quiet" }, "Every option in force"), every(found))), signal, "tall");
  return h("div", { class: "columns" }, panel("How MRR is counted", shown), panel("MRR under each definition", definitions(signal)));
}

const summary = (found) => terms([["Preset", title(found.preset)], ["Base currency", (found.base_currency || "none").toUpperCase()], ["Time zone", found.timezone], ["Version", String(found.version)]]);
const rowsOf = ({ policy }) => Object.entries(policy).map(([name, value]) => ({ name, value: JSON.stringify(value) }));
const OPTION = [{ title: "Option", cell: (row) => words(row.name), text: (row) => row.name }, { title: "Value", cell: (row) => h("code", {}, row.value), text: (row) => row.value }];
const every = (found) => [table(OPTION, rowsOf(found), { caption: "Options" }), csvOf("settings", OPTION, rowsOf(found))];

function change(found, again, signal) {
  const seen = h("div", { "aria-live": "polite" });
  const { policy } = found;
  return h("div", {}, form("Show what it would do", [
    h("div", { class: "form-row" }, options("Preset", "preset", PRESETS, found.preset, "What that product publishes; options below go before it"), field("Time zone", { name: "timezone", value: found.timezone, maxlength: 60 }, "Days and months are its")),
    h("div", { class: "form-row" }, field("Base currency", { name: "base_currency", value: found.base_currency || "", maxlength: 3, pattern: "[A-Za-z]{3}", placeholder: "none" }, "Amounts are brought to it by the rates that you set"),
      options("Events are kept", "retention_tier", TIERS, found.retention_tier, "How long the topics keep them")),
    h("div", { class: "form-row" }, CHOICES.map(([name, label, values]) => options(label, name, values, policy[name]))),
    h("div", { class: "form-row" }, CHECKS.map(([name, label]) => check(label, name, policy[name]))),
  ], async (given) => {
    const body = changeOf(given, found);
    if (!Object.keys(body).length) { show(seen); return "Nothing is changed."; }
    const preview = await looked(body, seen, signal);
    if (!preview) { show(seen); return "Called off; nothing was changed."; }
    show(seen, told(preview), form("Keep it", [], async () => { await patch(PATH, body); again(); }));
    return "";
  }), seen);
}

/** What the change would do, asked for until all customers were looked at. How far that is stands in `place` meanwhile,
 * beside a button to call it off: null then. */
async function looked(body, place, signal) {
  const calling = new AbortController();
  const off = () => calling.abort();
  signal.addEventListener("abort", off);
  const far = h("span", {}, "Looking at every customer…"), bar = h("progress", { "aria-label": "Customers looked at" });
  show(place, h("div", { class: "looking" }, bar, far, h("button", { type: "button", onclick: off }, "Cancel")));
  try {
    let preview = await post(`${PATH}/preview`, body, calling.signal);
    while (preview.next_cursor) {
      Object.assign(bar, { max: preview.customers, value: preview.looked_at });
      show(far, `${count(preview.looked_at)} of ${count(preview.customers)} customers looked at…`);
      preview = await post(`${PATH}/preview`, { ...body, cursor: preview.next_cursor }, calling.signal);
    }
    return preview;
  } catch (error) {
    show(place);
    if (error.name === "AbortError") return null;
    throw error;
  } finally {
    signal.removeEventListener("abort", off);
  }
}

/** Only what differs from what is set; a preset that is changed takes its own values for all that is not chosen here. */
function changeOf(given, { policy, preset, base_currency: base, timezone, retention_tier: tier }) {
  const asked = { ...Object.fromEntries(CHECKS.map(([name]) => [name, name in given])), ...Object.fromEntries(CHOICES.map(([name]) => [name, given[name]])) };
  const changed = Object.fromEntries(Object.entries(asked).filter(([name, value]) => policy[name] !== value));
  return {
    ...(given.preset === preset ? {} : { preset: given.preset }),
    ...(Object.keys(changed).length ? { policy: changed } : {}),
    ...((given.base_currency.toLowerCase() || null) === base ? {} : { base_currency: given.base_currency.toLowerCase() || null }),
    ...(given.timezone === timezone ? {} : { timezone: given.timezone }),
    ...(given.retention_tier === tier ? {} : { retention_tier: given.retention_tier }),
  };
}

const COLUMNS = [
  { title: "Rule", cell: (row) => [title(row.rule), h("div", { class: "message" }, `instead of ${words(row.instead_of)}`)], text: (row) => row.rule },
  { title: "Subscriptions", number: true, cell: (row) => count(row.subscriptions), text: (row) => row.subscriptions },
  { title: "Difference", number: true, first: true, cell: (row) => moneyCell(row.difference) },
];

/** What today's MRR would become, and which rules make the difference. */
function told(preview) {
  return h("div", { class: "stack" },
    terms([["MRR now", moneyCell(preview.before)], ["It would be", h("strong", {}, moneyCell(preview.after))],
      ["Subscriptions", preview.changed ? `${count(preview.changed)} would count differently` : badge("none would count differently", "good")]]),
    preview.because.length ? table(COLUMNS, preview.because, { caption: "What would change" }) : empty("Today's MRR stays as it is."));
}
