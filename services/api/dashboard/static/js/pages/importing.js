// A list of clients from a file: tried first, with each faulty row named, then imported.

import { get, post } from "../api.js";
import { h, show } from "../dom.js";
import { count } from "../format.js";
import { badge, empty, field, form, panel } from "../parts.js";
import { csvOf, table } from "../tables.js";

const MOST_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 1000;
const FAULTS = [
  { title: "Row", number: true, cell: (row) => count(row.row), text: (row) => row.row },
  { title: "Field", cell: (row) => row.field || "–", text: (row) => row.field },
  { title: "What is wrong", block: true, cell: (row) => row.message, text: (row) => row.message },
];

/** The panel for it. */
export function importing(session) {
  if (!session.scopes.includes("admin")) return panel("Import clients", empty("A key with the scope admin may import clients."));
  const seen = h("div", { "aria-live": "polite" });
  return panel("Import clients", h("div", { class: "stack" },
    h("p", { class: "quiet" }, "A CSV with the columns ", h("code", {}, "client, name, stakeholder_emails, domains, stripe_customers"), " (several values with semicolons), or JSON with a list of clients. Nothing is changed by trying it."),
    form("Try it", field("File", { type: "file", name: "file", accept: ".csv,.json,text/csv,application/json", required: true }), async ({ file }) => {
      if (file.size > MOST_BYTES) throw new Error("The file is larger than 8 MB: split it.");
      const sent = () => new Blob([file], { type: file.name.endsWith(".json") ? "application/json" : "text/csv" });
      const tried = await followed(await post("/api/clients/import?dry_run=true", sent()), seen);
      show(seen, outcome(tried), tried.stored ? form("Import", [], async () => { show(seen, outcome(await followed(await post("/api/clients/import", sent()), seen))); }) : null);
    }), seen));
}

/** An import until it has ended. */
async function followed(said, seen) {
  let now = said.import;
  while (["queued", "publishing"].includes(now.state)) {
    show(seen, h("progress", { max: now.stored || now.rows || 1, value: now.published || 0, "aria-label": "Rows imported" }));
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    now = (await get(`/api/clients/imports/${now.id}`)).import;
  }
  return now;
}

function outcome(now) {
  const errors = now.errors || [];
  return h("div", {}, h("p", {}, badge(errors.length ? "Some rows can't be read" : "All rows are good", errors.length ? "warn" : "good"),
    ` ${count(now.rows)} rows: ${count(now.stored)} ${now.dry_run ? "would change" : "stored"}, ${count(now.unchanged)} as they are, ${count(now.refused)} refused.`),
  errors.length ? [table(FAULTS, errors, { caption: "Rows with errors" }), csvOf("import-errors", FAULTS, errors)] : null);
}
