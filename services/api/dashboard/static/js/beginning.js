// A project that has no figures yet: what to do first, or how far the first sync is.

import { get } from "./api.js";
import { h } from "./dom.js";
import { badge, loading, panel } from "./parts.js";
import { go } from "./place.js";

const GOING = ["queued", "running"];
const LOOK_MS = 3000;

/** What stands in place of the figures; while an account is read, the page looks again by itself. */
export const beginning = (signal) => loading(() => get("/api/integrations/stripe/status", {}, signal), ({ connections }) => {
  const reading = connections.some((one) => GOING.includes(one.last_sync?.state));
  if (reading) setTimeout(() => { if (!signal.aborted) go(location.pathname + location.search, { stays: true, replace: true }); }, LOOK_MS);
  return reading ? beingRead() : steps(connections);
}, signal);

const beingRead = () => panel("Your account is being read", h("div", { class: "stack" },
  h("p", { class: "quiet" }, "Subscriptions come first: the first figures are here within a minute. History and payments follow."),
  h("progress", { "aria-label": "The first sync" }), h("p", {}, h("a", { href: "/integration" }, "See how far it is"))));

const steps = (connections) => panel("Begin here", h("ol", { class: "steps" },
  step("Connect a Stripe account", "Read-only, by a restricted key or Stripe's own page.", "/integration", "Connect", connections.length > 0),
  step("Point a webhook here", "Then changes are seen within a second.", "/integration", "Set it up", connections.some((one) => one.webhook.state === "healthy")),
  step("Say who your clients are", "Several customers of one company become one client.", "/mapping?tab=import", "Import clients", false)));

const step = (name, why, href, text, done) => h("li", {}, h("div", {}, h("strong", {}, name), " ", done ? badge("done", "good") : null,
  h("p", { class: "quiet" }, why, " ", h("a", { href }, text))));
