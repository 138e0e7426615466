// What stands around every page: the way from page to page, who is looking, how fresh the figures are.

import { get } from "./api.js";
import { h, show } from "./dom.js";
import { ago, instant } from "./format.js";
import { icon } from "./icons.js";
import { link, parameters } from "./place.js";

const GROUPS = [
  ["Revenue", [["/", "Overview", "overview"], ["/clients", "Clients", "clients"], ["/cohorts", "Cohorts", "cohorts"]]],
  ["Retention", [["/alerts", "Alerts", "alerts"], ["/payments", "Failed payments", "payments"], ["/cancellations", "Cancellations", "cancellations"],
    ["/trials", "Trials", "trials"], ["/renewals", "Renewals", "renewals"]]],
  ["Set-up", [["/mapping", "Mapping", "mapping"], ["/integration", "Integration", "integration"]]],
];
const DOCUMENTS = [["/docs", "API"], ["/docs/topics", "Topics"], ["/openapi.json", "OpenAPI"]];
const BEHIND_SECONDS = 60;
const LOOK_MS = 15000;
const SOON_MS = 1500;
const UNKNOWN = "Looking…";

/** What goes along from page to page: whose figures, and of when. */
const kept = () => {
  const { from, to, range, compare, mode, currency, segment } = parameters();
  return { from, to, range, compare, mode, currency, segment };
};

/** The frame with an empty page in it. */
export function frame(session, leave) {
  const menu = h("button", { type: "button", class: "menu plain", "aria-expanded": "false", "aria-controls": "pages", onclick: () => unfold(menu) }, icon("menu"), h("span", { class: "unseen" }, "Menu"));
  return h("div", { class: "shell" },
    h("header", { class: "side" },
      h("a", { class: "brand", href: "/" }, h("img", { src: new URL("../icon.svg", import.meta.url).pathname, alt: "" }), "revstream"),
      menu,
      h("nav", { id: "pages", "aria-label": "Pages" }, GROUPS.map(([name, pages]) => [h("p", {}, name), h("ul", { "aria-label": name }, pages.map(entry))])),
      h("div", { class: "who" },
        h("span", { class: "name", title: session.project }, session.project),
        h("span", { class: "pulse unknown", id: "pulse" }, UNKNOWN),
        h("div", { class: "tools" }, h("button", { type: "button", class: "plain", onclick: nextTheme }, "Light / dark"),
          h("button", { type: "button", class: "plain", onclick: leave }, "Sign out")))),
    h("div", { class: "stage" },
      h("div", { id: "notices" }),
      h("main", { id: "main", tabindex: "-1" }),
      h("footer", { class: "foot" }, h("span", {}, "Every figure unfolds to the item and the event that made it."),
        DOCUMENTS.map(([href, text]) => h("a", { href, target: "_self" }, text)))),
    h("div", { id: "announcements", class: "unseen", "aria-live": "polite" }));
}

const entry = ([path, name, drawing]) => h("li", {}, h("a", { href: link(path, kept()), "data-path": path }, icon(drawing), name));

function unfold(menu, open = menu.getAttribute("aria-expanded") !== "true") {
  menu.setAttribute("aria-expanded", String(open));
  menu.closest(".side").classList.toggle("open", open);
}

/** Mark where we are, and take the state of this page along to the others. */
export function mark(path) {
  const menu = document.querySelector(".menu");
  if (menu) unfold(menu, false);
  for (const anchor of document.querySelectorAll(".side nav a")) {
    const own = anchor.dataset.path;
    if (own === path) anchor.setAttribute("aria-current", "page"); else anchor.removeAttribute("aria-current");
    anchor.href = link(own, kept());
  }
}

function nextTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  document.dispatchEvent(new CustomEvent("recoloured"));
}

/** Say how fresh the figures are, from every answer that tells it. */
export function watchFreshness() {
  document.addEventListener("fresh", ({ detail }) => tell(detail));
  document.addEventListener("lost", ({ detail }) => lost(detail));
  setInterval(look, LOOK_MS);
}

/** Ask, where no page has told how fresh the figures are. */
export const lookSoon = () => setTimeout(() => { if (document.getElementById("pulse")?.textContent === UNKNOWN) look(); }, SOON_MS);

async function look() {
  if (document.hidden || !document.getElementById("pulse")) return;
  await get("/api/clients", { limit: 1, mode: parameters().mode }).catch(() => null);
}

function tell({ as_of: asOf, freshness_seconds: seconds, livemode }) {
  const late = seconds === null || seconds > BEHIND_SECONDS;
  pulse(late ? "late" : "", asOf ? late ? `As of ${ago(seconds)} ago` : "Live" : "Nothing read yet");
  notices(
    livemode === false ? h("p", { class: "notice test" }, "Test data: nobody pays these amounts.") : null,
    late && asOf ? h("p", { class: "notice", role: "status" }, `The stream is behind: these figures are as of ${instant(asOf)}, ${ago(seconds)} ago. They catch up by themselves.`) : null);
}

function lost(error) {
  pulse("lost", "No connection");
  notices(h("p", { class: "notice lost", role: "status" }, `${error.message} ${error.hint}`));
}

/** Only what changes is shown anew: who listens hears a notice once. */
function notices(...found) {
  const place = document.getElementById("notices");
  const now = h("div", {});
  show(now, ...found);
  if (place && place.textContent !== now.textContent) place.replaceChildren(...now.childNodes);
}

function pulse(kind, text) {
  const place = document.getElementById("pulse");
  if (!place) return;
  place.className = `pulse ${kind}`;
  place.textContent = text;
}
