// Who is looking, and which page.

import { get, remove } from "./api.js";
import { announce, h, show } from "./dom.js";
import { live } from "./live.js";
import { login, signIn } from "./login.js";
import { failure, waiting } from "./parts.js";
import { followLinks, parameters } from "./place.js";
import { frame, lookSoon, mark, watchFreshness } from "./shell.js";

const PAGES = {
  "/": ["Overview", () => import("./pages/overview.js")],
  "/clients": ["Clients", () => import("./pages/clients.js")],
  "/alerts": ["Alerts", () => import("./pages/alerts.js")],
  "/cohorts": ["Cohorts", () => import("./pages/cohorts.js")],
  "/cancellations": ["Cancellations", () => import("./pages/cancellations.js")],
  "/trials": ["Trials", () => import("./pages/trials.js")],
  "/renewals": ["Renewals", () => import("./pages/renewals.js")],
  "/payments": ["Failed payments", () => import("./pages/payments.js")],
  "/mapping": ["Mapping", () => import("./pages/mapping.js")],
  "/integration": ["Integration", () => import("./pages/integration.js")],
};
const HELD_MS = 1500;
const CLIENT = ["Client", () => import("./pages/client.js")];

const root = document.getElementById("app");
let leaving = new AbortController();
let session = null;

function pageHere() {
  const { pathname } = location;
  if (pathname.startsWith("/clients/")) return { path: "/clients", page: CLIENT };
  return { path: pathname, page: PAGES[pathname] };
}

async function draw() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { path, page } = pageHere();
  const main = document.getElementById("main");
  main.setAttribute("aria-busy", "true");
  mark(path);
  if (!page) {
    main.removeAttribute("aria-busy");
    return show(main, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "/" }, "To the overview")));
  }
  const [name, load] = page;
  document.title = `${name} · revstream`;
  try {
    const loading = load();
    if (!main.children.length) show(main, h("h1", {}, name), waiting());
    const { render } = await loading;
    if (signal.aborted) return undefined;
    inPlace(main, () => show(main, render({ parameters: parameters(), signal, session })));
    main.removeAttribute("aria-busy");
    announce(name);
  } catch (error) {
    if (signal.aborted) return undefined;
    show(main, h("h1", {}, name), failure(error, draw));
    main.removeAttribute("aria-busy");
  }
  return undefined;
}

/** Draw anew without a jump: the page keeps its height until it is filled again, and the focus its control. */
function inPlace(main, drawing) {
  const { key } = document.activeElement?.dataset ?? {};
  const caret = document.activeElement?.selectionStart;
  main.style.minHeight = `${main.offsetHeight}px`;
  setTimeout(() => { main.style.minHeight = ""; }, HELD_MS);
  drawing();
  const same = key ? main.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  same?.focus({ preventScroll: true });
  if (same?.type === "search") same.setSelectionRange(caret, caret);
}

async function leave() {
  await remove("/session").catch(() => null);
  signOut();
}

function signOut(told = "") {
  session = null;
  live.stop();
  leaving.abort();
  for (const open of document.querySelectorAll("dialog")) open.close();
  show(root, login(start, told));
}

async function start() {
  try {
    session = await get("/session");
  } catch (error) {
    if (error.status === 401) return signOut();
    return show(root, h("main", { id: "main", class: "login" }, failure(error, start)));
  }
  show(root, frame(session, leave));
  live.start();
  lookSoon();
  return draw();
}

if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
followLinks();
watchFreshness();
document.addEventListener("moved", ({ detail }) => {
  if (!session) return;
  if (!detail.stays) scrollTo(0, 0);
  draw();
  if (!detail.stays) document.getElementById("main")?.focus({ preventScroll: true });
});
document.addEventListener("recoloured", () => { if (session) draw(); });
document.addEventListener("signed-out", () => { if (session) signOut("You have been signed out: the key was revoked or has expired."); });

const given = /^#key=(rsk_[A-Za-z0-9_-]+)$/.exec(location.hash);
if (given) {
  history.replaceState(null, "", location.pathname + location.search);
  await signIn(given[1]).catch(() => null);
}
start();
