// Reading an account: what runs now and how far it is, and the runs before.

import { get, remove } from "../api.js";
import { h } from "../dom.js";
import { ago, count, title } from "../format.js";
import { badge, empty, loading, panel } from "../parts.js";
import { csvButton, since, time } from "../tables.js";

const PATH = "/api/integrations/stripe/syncs";
const KINDS = { active: "good", healthy: "good", succeeded: "good", running: "warn", partial: "warn", silent: "warn", unset: "warn", error: "bad", failed: "bad", failing: "bad", revoked: "bad" };
const LOOK_MS = 1500;
const SHOWN = 6;
const COLUMNS = ["id", "mode", "state", "requested_at", "started_at", "finished_at"].map((name) => ({ title: name, text: (row) => row[name] }))
  .concat([{ title: "rows", text: (row) => (row.resources || []).reduce((sum, each) => sum + each.rows, 0) }, { title: "error", text: (row) => row.error?.message }]);

/** A word of state with its colour. */
export const state = (word) => badge(title(word), KINDS[word]);
const isGoing = (run) => run.state === "running" || run.state === "queued";

/** The latest runs; while one is going on, again and again. `finished` is called when the last of them is over. */
export function syncsPanel(session, signal, finished) {
  let going = false;
  const runs = loading(() => get(PATH, {}, signal), ({ data }) => {
    const now = data.some(isGoing);
    if (now) setTimeout(() => { if (!signal.aborted) runs.again(); }, LOOK_MS);
    else if (going) finished();
    going = now;
    return data.length ? h("ul", { class: "list" }, data.slice(0, SHOWN).map((one) => run(one, session, () => runs.again()))) : empty("Nothing has been read yet.");
  }, signal);
  document.addEventListener("sync-asked", () => runs.again(), { signal });
  return panel("Syncs", runs, csvButton("syncs", COLUMNS, async () => (await get(PATH, { limit: 200 })).data));
}

function run(one, session, again) {
  const resources = one.resources || [], going = isGoing(one);
  const done = resources.filter((each) => each.state === "succeeded").length;
  return h("li", {}, h("div", { class: "tools" }, h("strong", {}, title(one.mode)), state(one.state), h("span", { class: "quiet" }, since(one.started_at ?? one.requested_at)),
    going && one.eta_seconds ? h("span", {}, `about ${ago(one.eta_seconds)} left`) : null,
    going && session.scopes.includes("sync") ? h("button", { type: "button", class: "plain", onclick: async () => { await remove(`${PATH}/${one.id}`).catch(() => null); again(); } }, "Cancel") : null),
  going ? h("progress", { max: Math.max(1, resources.length), value: done, "aria-label": "Lists read" }) : null,
  h("details", { open: going }, h("summary", { class: "quiet small" }, `${count(resources.reduce((sum, each) => sum + each.rows, 0))} rows of ${count(resources.length)} lists`),
    h("p", { class: "quiet small" }, resources.map((each) => `${title(each.name)} ${count(each.rows)}${each.state === "running" ? "…" : ""}`).join(" · "))),
  one.error ? h("p", { class: "down" }, `${one.error.message} ${one.error.hint || ""}`) : null,
  resources.filter((each) => each.last_error).map((each) => h("p", { class: "down" }, `${title(each.name)}: ${each.last_error.message || each.last_error.code}`)),
  one.finished_at ? h("p", { class: "unseen" }, "finished ", time(one.finished_at)) : null);
}
