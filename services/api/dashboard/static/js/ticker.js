// What happens now: the latest movements and signals, and each new one as it comes.

import { get } from "./api.js";
import { h } from "./dom.js";
import { amount, money, title, words } from "./format.js";
import { live } from "./live.js";
import { empty, loading } from "./parts.js";
import { clientLink, since } from "./tables.js";

const LENGTH = 30;
const AGAIN_MS = 30000;

/** The list; it goes on until `signal` aborts. */
export function ticker({ mode }, signal) {
  const list = h("ul", { class: "ticker", tabindex: "0", "aria-label": "Latest movements and signals" });
  const nothing = empty("Nothing has happened yet.");
  live.hear((news) => {
    nothing.remove();
    const entry = line(news);
    entry.classList.add("fresh");
    list.prepend(entry);
    while (list.children.length > LENGTH) list.lastChild.remove();
  }, signal);
  const clock = setInterval(() => { for (const time of list.querySelectorAll("time")) time.textContent = since(time.dateTime).textContent; }, AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(clock));
  return loading(() => latest(mode, signal), (found) => {
    list.append(...found.map(line));
    return list.children.length ? list : [list, nothing];
  }, signal);
}

async function latest(mode, signal) {
  const [moves, signals] = await Promise.all([get("/api/mrr/movements", { limit: 15, mode }, signal), get("/api/alerts", { limit: 15, mode }, signal)]);
  const news = [...moves.data.map((one) => ({ ...one, movement: one.kind, kind: "movement" })), ...signals.data.map((one) => ({ ...one, kind: "signal" }))];
  return news.sort((one, other) => (timeOf(other) > timeOf(one) ? 1 : -1)).slice(0, LENGTH);
}

const timeOf = (news) => news.updated_at || news.occurred_at;

function line(news) {
  const [kind, text] = news.kind === "signal" ? ofSignal(news) : ofMovement(news);
  return h("li", {}, h("span", { class: `what ${kind}` }, h("i", { "aria-hidden": "true" }), text), h("span", { class: "when" }, since(timeOf(news))),
    h("span", { class: "whom" }, clientLink(news), news.kind === "signal" ? ` · ${news.message}` : news.reason ? ` · ${words(news.reason)}` : ""));
}

const ofSignal = (news) => (news.status === "resolved" ? ["up", `${title(news.rule)} is over`] : ["down", title(news.rule)]);

function ofMovement(news) {
  const text = String(news.amount?.amount ?? news.amount ?? "");
  return [text.startsWith("-") ? "down" : "up", `${title(news.movement)} ${news.amount?.amount ? money(news.amount) : amount(text, news.currency)}`];
}
