// To which client each customer belongs, what claims it twice, and who is nobody's yet.

import { all, get, put, remove } from "../api.js";
import { moneyCell, moneyText } from "../amounts.js";
import { h, show } from "../dom.js";
import { count, money, rate, title } from "../format.js";
import { figures } from "../insight.js";
import { badge, dialog, empty, field, form, loading, pages, panel, partial, tabs } from "../parts.js";
import { changed } from "../place.js";
import { clientLink, csvButton, id, table } from "../tables.js";
import { importing } from "./importing.js";

const TABS = [["unmapped", "Unmapped"], ["conflicts", "Conflicts"], ["mapped", "Mapped"], ["import", "Import"]];
const NOTHING = { unmapped: ["Every customer belongs to a client.", ""], conflicts: ["No customer is claimed twice.", "Where two clients claim one customer equally strongly, it waits here for you."],
  mapped: ["No customer is mapped yet.", "Import clients with their domains, or change a customer by hand."] };

const columns = (session, again, ofOne = false) => [
  { title: "Customer", cell: (row) => h("span", { class: "who-cell" }, id(row.customer), row.email_domain ? h("span", { class: "quiet small" }, row.email_domain) : null), text: (row) => row.customer },
  { title: "Domain", text: (row) => row.email_domain },
  { title: "MRR", number: true, first: true, cell: (row) => moneyCell(row.mrr), text: (row) => moneyText(row.mrr) },
  ...(ofOne ? [] : [{ title: "Client", cell: clientLink, text: (row) => row.client }]),
  { title: "Matched by", cell: (row) => (row.matched_by ? title(row.matched_by) : "Nothing"), text: (row) => row.matched_by },
  { title: "Claimed by", cell: (row) => (row.conflicts?.length ? row.conflicts.map((one) => h("div", {}, clientLink({ client: one }))) : ""), text: (row) => (row.conflicts || []).join(" ") },
  ...(session.scopes.includes("admin") ? [{ title: "Change", hidden: true, bare: true, cell: (row) => h("button", { type: "button", class: "plain", onclick: () => change(row, again) }, "Change…") }] : []),
];

/** The customers of one client, and how each came to it. */
export function mappingOf(found, session, signal) {
  const list = pages((cursor) => get("/api/customers", { client: found.client, cursor }, signal),
    (rows) => (rows.length ? table(columns(session, () => list.again(), true), rows, { caption: "Customers" }) : empty("No customer belongs to this client yet.")), signal);
  return list;
}

function change(row, again) {
  const path = `/api/customers/${encodeURIComponent(row.customer)}/client`;
  dialog(`Client of ${row.customer}`, (close) => {
    const seen = h("div", { "aria-live": "polite" });
    const done = () => { close(); again(); };
    return h("div", { class: "stack" },
      h("p", { class: "quiet" }, row.mapped ? ["It belongs to ", clientLink(row), `, matched by ${row.matched_by}.`] : "It is a client of its own."),
      form("Show what would move", field("Client", { name: "client", value: row.mapped ? row.client : "", required: true, maxlength: 200, autofocus: true }, "The id of a client, known or new"),
        async ({ client }) => {
          const preview = await put(`${path}?preview=true`, { client });
          show(seen, told(preview), preview.moves.length ? form("Move it", [], async () => { await put(path, { client }); done(); }) : null);
        }),
      seen,
      row.matched_by === "manual" ? form("Take the manual assignment back", [], async () => { await remove(path); done(); }, { danger: true }) : null);
  });
}

const told = (preview) => (preview.moves.length ? h("div", {},
  h("p", {}, `${count(preview.customers)} ${preview.customers === 1 ? "customer" : "customers"} with ${money(preview.mrr)} would move:`),
  table([{ title: "Client", cell: (row) => clientLink(row) }, { title: "MRR before", number: true, cell: (row) => moneyCell(row.before) },
    { title: "MRR after", number: true, cell: (row) => moneyCell(row.after) }], preview.clients, { caption: "What would move" }),
  preview.complete === false ? partial("It concerns more customers than were looked at.") : null)
  : empty("Nothing would move."));

export function render({ parameters, signal, session }) {
  const { tab = "unmapped", mode } = parameters;
  const bar = h("div", { class: "bar" }, h("h1", {}, "Mapping"));
  const coverage = loading(() => get("/api/integrations/stripe/status", {}, signal), ({ mapping }) =>
    figures([["Customers", count(mapping.customers)], ["Mapped to a client", count(mapping.mapped)], ["Of MRR", mapping.mrr_coverage === null ? "–" : rate(mapping.mrr_coverage)]]), signal);
  const ways = tabs("Parts of the mapping", TABS, tab, (value) => changed({ tab: value }));
  if (tab === "import") return [bar, coverage, ways, importing(session)];
  const asked = { mode, mapped: tab === "unmapped" ? "false" : tab === "mapped" ? "true" : null, conflicts: tab === "conflicts" ? "true" : null };
  const list = pages((cursor) => get("/api/customers", { ...asked, cursor, limit: 50 }, signal),
    (rows) => (rows.length ? table(columns(session, () => list.again()), rows, { caption: `Customers, ${tab}` }) : empty(NOTHING[tab][0], h("span", {}, NOTHING[tab][1]), tab === "mapped" ? h("a", { href: changed({ tab: "import" }) }, "Import clients") : badge("all well", "good"))), signal);
  bar.append(csvButton(`customers-${tab}`, columns({ scopes: [] }, null), () => all("/api/customers", asked)));
  return [bar, coverage, ways, panel(null, list)];
}
