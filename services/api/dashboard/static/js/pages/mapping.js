// To which client each customer belongs, what claims it twice, and who is nobody's yet.

import { all, get, post, put, remove } from "../api.js";
import { h, show } from "../dom.js";
import { count, money, rate, words } from "../format.js";
import { badge, csvButton, dialog, empty, field, form, loading, pages, panel, table } from "../parts.js";
import { clientLink } from "../links.js";
import { changed } from "../place.js";

const TABS = [["unmapped", "Unmapped"], ["conflicts", "Conflicts"], ["mapped", "Mapped"], ["import", "Import"]];
const MOST_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 1000;

const columns = (session, again) => [
  { title: "Customer", cell: (row) => h("code", {}, row.customer), text: (row) => row.customer },
  { title: "Domain", cell: (row) => row.email_domain || "–", text: (row) => row.email_domain },
  { title: "Client", cell: clientLink, text: (row) => row.client },
  { title: "Matched by", cell: (row) => words(row.matched_by), text: (row) => row.matched_by },
  { title: "Claimed by", cell: (row) => (row.conflicts || []).join(", ") || "–", text: (row) => (row.conflicts || []).join(" ") },
  { title: "MRR", number: true, cell: (row) => money(row.mrr), text: (row) => Object.entries(row.mrr.by_currency).map(([code, text]) => `${text} ${code}`).join(" ") },
  ...(session.scopes.includes("admin") ? [{ title: "Change", cell: (row) => h("button", { type: "button", class: "plain", onclick: () => change(row, again) }, "Change…") }] : []),
];

/** The customers of one client, and how each came to it. */
export function mappingOf(found, session, signal) {
  return pages((cursor) => get("/api/customers", { client: found.client, cursor }, signal), function drawn(rows) {
    return rows.length ? table(columns(session, () => location.reload()), rows, { caption: "Customers" }) : empty("No customer belongs to this client yet.");
  }, signal);
}

function change(row, again) {
  const path = `/api/customers/${encodeURIComponent(row.customer)}/client`;
  dialog(`Client of ${row.customer}`, (close) => {
    const seen = h("div", { "aria-live": "polite" });
    return [
      form("Show what would move", field("Client", { name: "client", value: row.mapped ? row.client : "", required: true, maxlength: 200 }),
        async ({ client }) => {
          const preview = await put(`${path}?preview=true`, { client });
          show(seen, told(preview), form("Move it", [], async () => { await put(path, { client }); close(); again(); }));
        }),
      seen,
      row.matched_by === "manual" ? form("Take the manual assignment back", [], async () => { await remove(path); close(); again(); }) : null,
    ];
  });
}

const told = (preview) => (preview.moves.length ? h("div", {},
  h("p", {}, `${count(preview.customers)} customers with ${money(preview.mrr)} would move:`),
  table([{ title: "Client", cell: (row) => row.client }, { title: "MRR before", number: true, cell: (row) => money(row.before) },
    { title: "MRR after", number: true, cell: (row) => money(row.after) }], preview.clients, { caption: "What would move" }))
  : empty("Nothing would move."));

export function render({ parameters, signal, session }) {
  const { tab = "unmapped", mode } = parameters;
  const asked = { mode, mapped: tab === "unmapped" ? "false" : tab === "mapped" ? "true" : null, conflicts: tab === "conflicts" ? "true" : null };
  const again = () => list.again();
  const list = tab === "import" ? null : pages((cursor) => get("/api/customers", { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(columns(session, again), rows, { caption: `Customers, ${tab}` })
      : empty({ unmapped: "Every customer belongs to a client.", conflicts: "No customer is claimed twice.", mapped: "No customer is mapped yet." }[tab])), signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Mapping"),
      loading(() => get("/api/integrations/stripe/status", {}, signal), ({ mapping }) =>
        h("p", { class: "quiet" }, `${count(mapping.mapped)} of ${count(mapping.customers)} customers are mapped: ${rate(mapping.mrr_coverage)} of MRR.`), signal)),
    h("nav", { class: "tabs", "aria-label": "Parts of the mapping" }, TABS.map(([value, text]) =>
      h("a", { href: changed({ tab: value }), "aria-current": value === tab ? "page" : null }, text))),
    tab === "import" ? importing(session) : panel(TABS.find(([value]) => value === tab)[1], list,
      csvButton(`customers-${tab}`, columns({ scopes: [] }, null), () => all("/api/customers", asked))),
  ];
}

function importing(session) {
  if (!session.scopes.includes("admin")) return panel("Import", empty("A key with the scope admin may import clients."));
  const seen = h("div", { "aria-live": "polite" });
  return panel("Import clients", h("div", {},
    h("p", {}, "A CSV with the columns ", h("code", {}, "client, name, stakeholder_emails, domains, stripe_customers"), " (several values with semicolons), or JSON with a list of clients. Try it first: nothing is changed then, and each row that can't be read is named."),
    form("Try it", field("File", { type: "file", name: "file", accept: ".csv,.json,text/csv,application/json", required: true }), async ({ file }) => {
      if (file.size > MOST_BYTES) throw new Error("The file is larger than 8 MB: split it.");
      const sent = () => new Blob([file], { type: file.name.endsWith(".json") ? "application/json" : "text/csv" });
      show(seen, outcome(await followed(await post("/api/clients/import?dry_run=true", sent()), seen)),
        form("Import", [], async () => { show(seen, outcome(await followed(await post("/api/clients/import", sent()), seen))); }));
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
  return h("div", {}, h("p", { class: errors.length ? "down" : "done" }, `${count(now.rows)} rows: ${count(now.stored)} ${now.dry_run ? "would change" : "stored"}, ${count(now.unchanged)} as they are, ${count(now.refused)} refused.`),
    errors.length ? table([{ title: "Row", number: true, cell: (row) => count(row.row) }, { title: "Field", cell: (row) => row.field || "–" },
      { title: "What is wrong", cell: (row) => row.message }], errors, { caption: "Rows with errors" }) : badge("all rows are good", "good"));
}
