// Charts by uPlot, each with the same figures as a table for those who can't see it.

import { h, svg } from "./dom.js";
import { drawn } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const HEIGHT = 260;
let library = null;

/** Load uPlot when a chart is first wanted: what is seen first doesn't wait for it. */
function plots() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/static/vendor/uplot/uPlot.min.css" }),
      h("script", { src: "/static/vendor/uplot/uPlot.iife.min.js", onload: () => resolve(window.uPlot), onerror: reject }));
  });
  return library;
}

/** Lines over days. `lines`: `{label, values: [text|null], color: css variable, dash}`; `bars` stack on a scale of their own. */
export function timeChart({ days, lines, bars = [], label, tell = (value) => value }) {
  const place = h("div", { class: "chart", role: "img", "aria-label": label });
  plots().then((uPlot) => draw(uPlot, place, { days, lines, bars, tell })).catch(() => { place.hidden = true; });
  return h("figure", {}, place, asTable({ days, rows: [...lines, ...bars], label, tell }));
}

function draw(uPlot, place, { days, lines, bars, tell }) {
  const x = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  const grid = { stroke: style("--line"), width: 1 };
  const axis = { stroke: style("--quiet"), grid, ticks: { show: false }, font: "12px system-ui" };
  const stacked = stack(bars);
  const series = [
    {},
    ...stacked.map(({ bar, row }) => ({
      label: row.label, scale: "y", fill: style(row.color), stroke: style(row.color), width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.7, 40] }), value: (_, __, ___, at) => (at === null ? "–" : tell(bar[at])),
    })),
    ...lines.map((line) => ({
      label: line.label, scale: line.scale || "y", stroke: style(line.color), width: 2, dash: line.dash, spanGaps: false,
      points: { show: days.length < 2 }, value: (_, __, ___, at) => (at === null ? "–" : tell(line.values[at])),
    })),
  ];
  const data = [x, ...stacked.map(({ tops }) => tops), ...lines.map((line) => line.values.map(drawn))];
  const size = () => ({ width: Math.max(240, place.clientWidth), height: HEIGHT });
  const plot = new uPlot({
    ...size(), series, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    axes: [axis, { ...axis, size: 70, values: (_, marks) => marks.map(short) }], legend: { live: true },
    scales: { x: { time: true } }, cursor: { drag: { x: false, y: false } },
  }, data, place);
  const watching = new ResizeObserver(() => plot.setSize(size()));
  watching.observe(place);
}

/** Bars on top of each other: rises up from 0, falls down from it; the tallest is drawn first. */
function stack(bars) {
  if (!bars.length) return [];
  const length = bars[0].values.length;
  const up = new Array(length).fill(0), down = new Array(length).fill(0);
  const layers = bars.map((row) => ({
    row, bar: row.values,
    tops: row.values.map((text, at) => {
      const value = drawn(text) || 0;
      return value >= 0 ? (up[at] += value) : (down[at] += value);
    }),
  }));
  return layers.reverse();
}

const short = (value) => (Math.abs(value) >= 1e6 ? `${value / 1e6}M` : Math.abs(value) >= 1e4 ? `${value / 1e3}k` : String(value));

function asTable({ days, rows, label, tell }) {
  return h("details", { class: "as-table" }, h("summary", {}, "As a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", {},
      h("caption", { class: "unseen" }, label),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Date"), rows.map((row) => h("th", { scope: "col", class: "number" }, row.label)))),
      h("tbody", {}, days.map((day, at) => h("tr", {}, h("th", { scope: "row" }, day),
        rows.map((row) => h("td", { class: "number" }, tell(row.values[at])))))))));
}

/** A small line of values. */
export function sparkline(values, label) {
  const points = values.map(drawn).filter((value) => value !== null);
  if (points.length < 2) return h("span", { class: "quiet" }, "–");
  const low = Math.min(...points), high = Math.max(...points), span = high - low || 1;
  const path = points.map((value, at) => `${((at / (points.length - 1)) * 96 + 2).toFixed(1)},${(22 - ((value - low) / span) * 20).toFixed(1)}`);
  return svg("svg", { viewBox: "0 0 100 24", class: "sparkline", role: "img", "aria-label": label },
    svg("polyline", { points: path.join(" "), fill: "none", "vector-effect": "non-scaling-stroke" }));
}

/** A bridge from a start to an end: `steps` are `{label, value, tell, kind}`; the first and last stand on the ground. */
export function waterfall(steps, label) {
  let level = 0;
  const spans = steps.map((step) => {
    const value = drawn(step.value) || 0;
    const from = step.total ? 0 : level;
    level = step.total ? value : level + value;
    return { ...step, low: Math.min(from, level), high: Math.max(from, level) };
  });
  const top = Math.max(...spans.map((one) => one.high), 1), bottom = Math.min(...spans.map((one) => one.low), 0);
  const scale = (value) => ((value - bottom) / (top - bottom)) * 100;
  return h("div", { class: "waterfall", role: "img", "aria-label": `${label}: ${steps.map((one) => `${one.label} ${one.tell}`).join(", ")}` },
    spans.map((one) => {
      const bar = svg("svg", { viewBox: "0 0 10 100", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { x: 0, width: 10, y: 100 - scale(one.high), height: Math.max(0.7, scale(one.high) - scale(one.low)), class: one.kind }));
      return h("div", {}, bar, h("b", {}, one.label), h("span", {}, one.tell));
    }));
}
