// The overview: the figures of a period beside another one, MRR over time with what moved it, the bridge, what happens now.

import { get } from "../api.js";
import { h } from "../dom.js";
import { amount, count, drawn, instant, money, rate, words } from "../format.js";
import { live } from "../live.js";
import { choice, csvButton, empty, loading, panel } from "../parts.js";
import { intervalOf, periodChoice, periodOf } from "../period.js";
import { changed, go, link } from "../place.js";
import { timeChart, waterfall } from "../charts.js";
import { endOf, points } from "../series.js";

const CARDS = [
  ["mrr", "MRR", money], ["arr", "ARR", money], ["growth_rate", "Growth", rate], ["subscriber_churn_rate", "Subscriber churn", rate, "fall"],
  ["net_revenue_retention", "Net revenue retention", rate], ["revenue_at_risk", "Revenue at risk", money, "fall"],
  ["failed_payments", "Failed payments", count, "fall"], ["active_subscribers", "Subscribers", count],
];
const MOVEMENTS = ["new", "reactivation", "expansion", "contraction", "churn", "fx"];
// What the figures of now are compared with: where the earlier period ended.
const EARLIER = { mrr: "end", arr: null, active_subscribers: null, revenue_at_risk: null };
const TICKER_LENGTH = 30;

export function render({ parameters, signal }) {
  const period = periodOf(parameters);
  const { mode, currency = "", segment = "" } = parameters;
  const filters = { mode, currency, segment };
  const figures = get("/api/metrics", { from: period.from, to: period.to, compare: period.compare, mode }, signal);
  const list = h("ul", { class: "ticker", "aria-label": "Latest movements and signals" });
  live.hear((news) => { list.prepend(line(news)); while (list.children.length > TICKER_LENGTH) list.lastChild.remove(); }, signal);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Overview"), periodChoice(parameters),
      currencies(figures, currency),
      choice("Segment", [["", "all"], ["enterprise", "Enterprise"], ["growth", "Growth"], ["starter", "Starter"]], segment, (value) => go(changed({ segment: value })))),
    loading(() => figures, cards, signal),
    h("div", { class: "columns wide" },
      panel("MRR over time", loading(() => course(figures, period, filters, signal), chart, signal),
        csvButton("mrr", [{ title: "Date", text: (row) => row.day }, { title: "MRR", text: (row) => row.value }], async () => points((await course(figures, period, filters)).mrr))),
      panel("Now", loading(() => latest(filters, signal), (found) => { list.append(...found.map(line)); return found.length || list.children.length ? list : [list, empty("Nothing has happened yet.")]; }, signal))),
    panel("From the start of the period to its end", loading(() => get("/api/mrr/waterfall", { from: period.from, to: period.to, mode }, signal), bridges, signal)),
  ];
}

function currencies(figures, chosen) {
  const place = h("span", {});
  figures.then(({ metrics }) => {
    const several = Object.keys(metrics.mrr?.by_currency || {});
    if (several.length > 1 || chosen) {
      place.append(choice("Currency", [["", "all"], ...[...new Set([...several, chosen].filter(Boolean))].map((one) => [one, one.toUpperCase()])], chosen, (value) => go(changed({ currency: value }))));
    }
  }).catch(() => null);
  return place;
}

function cards({ metrics, comparison }) {
  return h("div", { class: "cards" }, CARDS.map(([name, title, tell, good]) => h("section", { class: "card" },
    h("h2", {}, title), h("div", { class: "figure", "data-metric": name }, tell(metrics[name])),
    h("div", { class: "change" }, compared(metrics[name], comparison?.metrics[EARLIER[name] ?? name], tell, good)))));
}

function compared(now, then, tell, good) {
  if (then === null || then === undefined) return "";
  const [one, other] = [plain(now), plain(then)];
  if (one === null || other === null) return `before: ${tell(then)}`;
  if (one === other) return `as before: ${tell(then)}`;
  const better = one > other === (good !== "fall");
  return [h("span", { class: better ? "up" : "down" }, one > other ? "▲ more than " : "▼ less than "), tell(then)];
}

const plain = (value) => (value === null || value === undefined || value.by_currency ? null : drawn(value.amount ?? String(value)));

/** Currencies are never added without a rate: of several, one is drawn – the chosen one, or the first there is. */
async function drawnCurrency(figures, chosen) {
  const several = Object.keys((await figures).metrics.mrr?.by_currency || {});
  return chosen || (several.includes("usd") ? "usd" : several[0]) || null;
}

async function course(figures, period, filters, signal) {
  const currency = await drawnCurrency(figures, filters.currency);
  const asked = { from: period.from, to: period.to, interval: intervalOf(period), ...filters, currency };
  const [mrr, ...moves] = await Promise.all([
    get("/api/metrics/mrr", { ...asked, compare: period.compare }, signal),
    ...MOVEMENTS.map((name) => get(`/api/metrics/${name}`, asked, signal))]);
  return { mrr, moves };
}

function chart({ mrr, moves }) {
  const [now, then] = [points(mrr), points(mrr.comparison)];
  if (!now.length) return empty("There are no figures in this period.");
  const code = endOf(mrr);
  return timeChart({
    days: now.map((one) => one.day), label: "MRR over time, with what moved it", tell: (value) => (value === null || value === undefined ? "–" : amount(value, code)),
    lines: [{ label: "MRR", values: now.map((one) => one.value), color: "--accent" },
      ...(then.length ? [{ label: "before", values: now.map((_, at) => then[at]?.value ?? null), color: "--before", dash: [5, 4] }] : [])],
    bars: moves.map((one, at) => ({ label: MOVEMENTS[at], values: points(one).map((each) => each.value), color: `--${MOVEMENTS[at]}` }))
      .filter((bar) => bar.values.length === now.length && bar.values.some((value) => drawn(value))),
  });
}

function bridges({ bridges: found }) {
  if (!found.length) return empty("The bridge appears with the first movement.");
  return found.map((one) => {
    const steps = ["start", ...MOVEMENTS, "end"].map((name) => ({
      label: words(name), value: one[name].amount, tell: money(one[name]), kind: name === "start" || name === "end" ? "total" : name,
      total: name === "start" || name === "end" }));
    return waterfall(steps.filter((step) => step.total || drawn(step.value)), `MRR in ${one.currency.toUpperCase()}`);
  });
}

async function latest(filters, signal) {
  const [moves, signals] = await Promise.all([
    get("/api/mrr/movements", { limit: 15, mode: filters.mode }, signal).catch(() => ({ data: [] })),
    get("/api/alerts", { limit: 15, mode: filters.mode }, signal)]);
  const news = [...moves.data.map((one) => ({ ...one, movement: one.kind, kind: "movement" })), ...signals.data.map((one) => ({ ...one, kind: "signal" }))];
  return news.sort((one, other) => (timeOf(other) > timeOf(one) ? 1 : -1)).slice(0, TICKER_LENGTH);
}

const timeOf = (news) => news.updated_at || news.occurred_at;

function line(news) {
  const client = h("a", { href: link(`/clients/${encodeURIComponent(news.client)}`) }, news.client);
  const at = h("span", { class: "quiet" }, instant(timeOf(news)));
  if (news.kind === "signal") return h("li", {}, h("strong", { class: news.status === "resolved" ? "up" : "down" }, words(news.rule), news.status === "resolved" ? " – over" : ""), " ", client, h("div", {}, news.message), at);
  const rises = !String(news.amount?.amount ?? news.amount ?? "").startsWith("-");
  return h("li", {}, h("strong", { class: rises ? "up" : "down" }, words(news.movement), " ", news.amount?.amount ? money(news.amount) : amount(String(news.amount ?? ""), news.currency)), " ", client, " ", at);
}
