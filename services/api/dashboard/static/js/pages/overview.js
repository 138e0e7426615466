// The overview: the figures of a period beside another one, MRR over time with what moved it, the bridge, what happens now.

import { get } from "../api.js";
import { amountsOf, inCurrency, mainCurrency } from "../amounts.js";
import { beginning } from "../beginning.js";
import { cards } from "../cards.js";
import { timeChart, waterfall } from "../charts.js";
import { h } from "../dom.js";
import { amount, count, drawn, money, title } from "../format.js";
import { choice, empty, loading, panel, partial } from "../parts.js";
import { intervalOf, periodChoice, periodOf } from "../period.js";
import { choose, link } from "../place.js";
import { points } from "../series.js";
import { csvButton } from "../tables.js";
import { ticker } from "../ticker.js";

const MOVEMENTS = ["new", "reactivation", "expansion", "contraction", "churn", "fx"];
export const SEGMENTS = [["", "All segments"], ["enterprise", "Enterprise"], ["growth", "Growth"], ["starter", "Starter"]];

export function render({ parameters, signal }) {
  const period = periodOf(parameters);
  const { mode, currency = "", segment = "" } = parameters;
  const asked = { from: period.from, to: period.to, mode };
  const ofAll = { ...asked, compare: period.compare, segment };
  const figures = get("/api/metrics", ofAll, signal);
  const main = figures.then(({ metrics }) => mainCurrency(metrics.mrr, currency));
  const rates = figures.then(({ metrics }) => (currency || amountsOf(metrics.mrr).length > 1
    ? main.then((code) => get("/api/metrics", { ...ofAll, currency: code }, signal)) : null));
  const bridges = get("/api/mrr/waterfall", { ...asked, segment, interval: intervalOf(period) }, signal);
  const course = async () => {
    const code = await main;
    const line = get("/api/metrics/mrr", { ...asked, interval: intervalOf(period), compare: period.compare, segment, currency: code }, signal);
    return { code, bridges: await bridges, mrr: await line };
  };
  bridges.catch(() => null);
  rates.catch(() => null);
  return [
    h("div", { class: "bar" }, h("h1", {}, "Overview"), h("div", { class: "tools" }, periodChoice(parameters), currencies(figures, currency),
      choice("Segment", SEGMENTS, segment, (value) => choose({ segment: value })))),
    loading(async () => ({ found: await figures, ofMain: await rates }), ({ found, ofMain }) => top(found, { currency, ofMain }, signal), signal),
    h("div", { class: "columns wide" },
      panel("MRR over time", loading(course, chart, signal, "tall"),
        csvButton("mrr-over-time", COURSE, async () => rowsOf(await course()))),
      panel("Now", ticker({ mode }, signal))),
    panel("What moved MRR", loading(async () => ({ code: await main, ...(await bridges) }), bridge, signal, "tall"),
      csvButton("mrr-bridge", BRIDGE, async () => (await bridges).bridges.flatMap((one) => ["start", ...MOVEMENTS, "end"].map((name) => ({ part: name, ...one[name] }))))),
  ];
}

const COURSE = [{ title: "Date", text: (row) => row.day }, { title: "MRR", text: (row) => row.mrr }, ...MOVEMENTS.map((name) => ({ title: title(name), text: (row) => row[name] })), { title: "Currency", text: (row) => row.code }];
const BRIDGE = [{ title: "Part", text: (row) => row.part }, { title: "Amount", text: (row) => row.amount }, { title: "Currency", text: (row) => row.currency }];

/** The figures; for a project without any, what to do first. */
function top(found, chosen, signal) {
  const { metrics } = found;
  if (!metrics.customers && !amountsOf(metrics.mrr).some(([, text]) => drawn(text))) return beginning(signal);
  return h("div", { class: "stack" }, found.recounting ? partial("History is being counted again under the changed rules; figures of the past are still those of before.") : null,
    found.incomplete_clients ? partial(`${count(found.incomplete_clients)} ${found.incomplete_clients === 1 ? "client has" : "clients have"} subscriptions whose prices or coupons are still being fetched; their amounts may rise.`) : null,
    cards(found, chosen));
}

function currencies(figures, chosen) {
  const place = h("span", {});
  const fill = (several) => {
    const codes = [...new Set([...several, chosen].filter(Boolean))].sort();
    if (codes.length > 1 || chosen) place.replaceChildren(choice("Currency", [["", "All currencies"], ...codes.map((one) => [one, one.toUpperCase()])], chosen, (value) => choose({ currency: value })));
  };
  fill([]);
  figures.then(({ metrics }) => fill(amountsOf(metrics.mrr).map(([code]) => code))).catch(() => null);
  return place;
}

function rowsOf({ mrr, bridges, code }) {
  const moved = new Map((bridges.intervals ?? []).map((one) => [one.from, one.moved.find((each) => each.currency === code)]));
  return points(mrr).map(({ day, value }) => ({ day, mrr: value, code,
    ...Object.fromEntries(MOVEMENTS.map((name) => [name, moved.get(day)?.[name] ?? "0"])) }));
}

function chart(found) {
  const rows = rowsOf(found), then = points(found.mrr.comparison);
  if (!rows.some((row) => drawn(row.mrr)) && !then.some((one) => drawn(one.value))) return empty("No revenue in this period.");
  return timeChart({
    days: rows.map((row) => row.day), label: `MRR over time in ${found.code.toUpperCase()}`, tell: (value) => (value === null || value === undefined ? "–" : amount(value, found.code)),
    lines: [{ label: "MRR", values: rows.map((row) => row.mrr), color: "--accent", area: true },
      ...(then.some((one) => drawn(one.value)) ? [{ label: "Before", values: rows.map((_, at) => then[at]?.value ?? null), color: "--before", dash: [5, 4] }] : [])],
    bars: MOVEMENTS.map((name) => ({ label: title(name), values: rows.map((row) => row[name]), color: `--${name}` })).filter((bar) => bar.values.some(drawn)),
  });
}

function bridge({ bridges: found, code }) {
  const one = found.find((each) => each.currency === code);
  const others = found.filter((each) => each !== one);
  const also = others.length ? h("p", { class: "quiet small" }, "In other currencies: ", others.map((each, at) => [at ? ", " : "", h("a", { href: link("/", { currency: each.currency }) , onclick: (event) => { event.preventDefault(); choose({ currency: each.currency }); } }, money(each.net))])) : null;
  if (!one) return [empty(code ? `Nothing moved in ${code.toUpperCase()} in this period.` : "The bridge appears with the first movement."), also];
  const steps = ["start", ...MOVEMENTS, "end"].map((name) => {
    const total = name === "start" || name === "end";
    return { label: title(name), value: one[name].amount, tell: inCurrency(one[name], code) && money(one[name]), kind: total ? "total" : name, total };
  });
  return [waterfall(steps.filter((step) => step.total || drawn(step.value)), `From the start of the period to its end, in ${code.toUpperCase()}`), also];
}
