// The shell: who is looking, the way from page to page, how fresh the figures are.

import { get, remove } from "./api.js";
import { announce, h, show } from "./dom.js";
import { ago } from "./format.js";
import { live } from "./live.js";
import { login } from "./login.js";
import { followLinks, go, link, parameters } from "./place.js";
import { failure } from "./parts.js";

const PAGES = [
  { path: "/", name: "Overview", load: () => import("./pages/overview.js") },
  { path: "/clients", name: "Clients", load: () => import("./pages/clients.js") },
  { path: "/alerts", name: "Alerts", load: () => import("./pages/alerts.js") },
  { path: "/cohorts", name: "Cohorts", load: () => import("./pages/cohorts.js") },
  { path: "/cancellations", name: "Cancellations", load: () => import("./pages/cancellations.js") },
  { path: "/trials", name: "Trials", load: () => import("./pages/trials.js") },
  { path: "/renewals", name: "Renewals", load: () => import("./pages/renewals.js") },
  { path: "/payments", name: "Failed payments", load: () => import("./pages/payments.js") },
  { path: "/mapping", name: "Mapping", load: () => import("./pages/mapping.js") },
  { path: "/integration", name: "Integration", load: () => import("./pages/integration.js") },
];
const CLIENT = { path: "/clients/", name: "Client", load: () => import("./pages/client.js") };
const BEHIND_SECONDS = 60;

const root = document.getElementById("app");
let leaving = new AbortController();
let session = null;

function frame() {
  show(root,
    h("header", { class: "top" },
      h("a", { class: "brand", href: "/" }, "revstream"),
      h("nav", { "aria-label": "Pages" }, h("ul", {}, PAGES.map((page) =>
        h("li", {}, h("a", { href: link(page.path, kept()), "data-path": page.path }, page.name))))),
      h("span", { class: "quiet" }, session.project),
      h("button", { type: "button", class: "plain", onclick: nextTheme }, "Light / dark"),
      h("button", { type: "button", class: "plain", onclick: leave }, "Sign out")),
    h("div", { id: "freshness" }),
    h("main", { id: "main", tabindex: "-1" }),
    h("div", { id: "announcements", class: "unseen", "aria-live": "polite" }));
}

/** What goes along from page to page: whose figures, and of when. */
function kept() {
  const { from, to, compare, mode, currency, segment } = parameters();
  return { from, to, compare, mode, currency, segment };
}

async function draw() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const page = PAGES.find((one) => one.path === location.pathname)
    || (location.pathname.startsWith(CLIENT.path) ? CLIENT : null);
  const main = document.getElementById("main");
  for (const anchor of document.querySelectorAll(".top nav a")) {
    const here = anchor.dataset.path === page?.path || (page === CLIENT && anchor.dataset.path === "/clients");
    if (here) anchor.setAttribute("aria-current", "page"); else anchor.removeAttribute("aria-current");
    anchor.href = link(anchor.dataset.path, kept());
  }
  if (!page) return show(main, h("h1", {}, "There is no such page"), h("a", { href: "/" }, "To the overview"));
  document.title = `${page.name} · revstream`;
  try {
    const { render } = await page.load();
    if (signal.aborted) return undefined;
    show(main, render({ parameters: parameters(), signal, session }));
    announce(page.name);
  } catch (error) {
    if (!signal.aborted) show(main, failure(error, draw));
  }
  return undefined;
}

async function watchFreshness() {
  const place = document.getElementById("freshness");
  if (!place || document.hidden) return;
  try {
    const { mode } = parameters();
    const { as_of: asOf, freshness_seconds: seconds, livemode } = await get("/api/clients", { limit: 1, mode });
    show(place,
      livemode === false ? h("p", { class: "testing" }, "Test data: nobody pays these amounts.") : null,
      seconds === null || seconds > BEHIND_SECONDS
        ? h("p", { class: "behind", role: "status" }, asOf
          ? `These figures are as of ${new Date(asOf).toLocaleString()}, ${ago(seconds)} behind. They catch up by themselves.`
          : "The figures are being put together; nothing has been read yet.")
        : null);
  } catch (error) {
    if (error.code === "unreachable" || error.status === 503) {
      show(place, h("p", { class: "behind", role: "status" }, `${error.message} ${error.hint}`));
    }
  }
}

function nextTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  draw();
}

async function leave() {
  await remove("/session").catch(() => null);
  signOut();
}

function signOut() {
  session = null;
  live.stop();
  leaving.abort();
  show(root, login(start));
}

async function start() {
  try {
    session = await get("/session");
  } catch (error) {
    if (error.status === 401) return signOut();
    return show(root, h("main", { id: "main", class: "login" }, failure(error, start)));
  }
  frame();
  live.start();
  watchFreshness();
  return draw();
}

if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
followLinks();
document.addEventListener("moved", () => { if (session) { scrollTo(0, 0); draw(); document.getElementById("main")?.focus({ preventScroll: true }); } });
document.addEventListener("signed-out", () => { if (session) signOut(); });
setInterval(watchFreshness, 15000);

const given = /^#key=(rsk_[A-Za-z0-9_-]+)$/.exec(location.hash);
if (given) {
  history.replaceState(null, "", location.pathname + location.search);
  const { signIn } = await import("./login.js");
  await signIn(given[1]).catch(() => null);
}
start();
