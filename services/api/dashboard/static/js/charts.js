// Charts by uPlot, each with the same figures as a table for those who can't see it; small ones drawn here.

import { h, show, svg } from "./dom.js";
import { drawn } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const HEIGHT = 230;
const BARS_HEIGHT = 140;
const WIDEST_BAR = 28;
const DAY_SECONDS = 86400;
const VENDOR = new URL("../vendor/uplot/", import.meta.url).pathname;
const FONT = "11px ui-sans-serif, system-ui, sans-serif";
let library = null;
let charts = 0;

/** Load uPlot when a chart is first wanted: what is seen first doesn't wait for it. */
function plots() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(h("link", { rel: "stylesheet", href: `${VENDOR}uPlot.min.css` }),
      h("script", { src: `${VENDOR}uPlot.iife.min.js`, onload: () => resolve(window.uPlot), onerror: reject }));
  });
  return library;
}

/** Lines over days, and beneath them bars that stack. Rows: `{label, values: [text|null], color: css variable, dash, area}`. */
export function timeChart({ days, lines, bars = [], label, tell = (value) => value }) {
  const rows = [...lines, ...bars];
  const legend = legendOf(days, rows, tell, new Set(lines));
  const both = lines.length > 0 && bars.length > 0;
  const about = { days, tell: legend.tell, key: `chart-${(charts += 1)}` };
  const drawings = [{ ...about, lines, bars: [], height: HEIGHT, last: !both }, { ...about, lines: [], bars, height: both ? BARS_HEIGHT : HEIGHT, last: true }]
    .filter((one) => one.lines.length + one.bars.length > 0);
  const places = drawings.map((one) => h("div", { class: one.height === HEIGHT ? "chart" : "chart low", role: "img", "aria-label": one.lines.length ? label : `${label}: bars` }));
  plots().then((uPlot) => {
    drawings.forEach((one, at) => draw(uPlot, places[at], one));
  }).catch(() => { for (const place of places) place.hidden = true; });
  return h("figure", {}, legend.place, places, asTable({ days, rows, label, tell }));
}

/** What the colours mean, with the figures of the day that is pointed at; else of the last one. */
function legendOf(days, rows, tell, lines) {
  const place = h("ul", { class: "legend" });
  const fill = (at) => show(place, h("li", {}, h("b", {}, days[at])), rows.map((row) =>
    h("li", { class: lines.has(row) ? (row.dash ? "line dashed" : "line") : null, style: { "--key": `var(${row.color})` } }, h("i", {}), `${row.label} `, h("b", {}, tell(row.values[at])))));
  fill(days.length - 1);
  return { place, tell: (at) => fill(at ?? days.length - 1) };
}

function draw(uPlot, place, { days, lines, bars, tell, key, height, last }) {
  const x = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  const axis = { stroke: style("--quiet"), grid: { show: false }, ticks: { show: false }, font: FONT };
  const below = { ...axis, ...(last ? { size: 40, space: 64 } : { size: 6, values: (_, marks) => marks.map(() => "") }) };
  const step = (x.at(-1) - x[0]) / Math.max(1, x.length - 1) || DAY_SECONDS;
  const narrowest = Math.min(WIDEST_BAR, Math.max(2, Math.floor((place.clientWidth / days.length) * 0.6)));
  const across = { ...axis, grid: { stroke: style("--line"), width: 1 }, size: 52, values: (_, marks) => marks.map(short), space: 34 };
  const stacked = stack(bars);
  const series = [{},
    ...stacked.map(({ row }) => ({ fill: style(row.color), stroke: style(row.color), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.62, WIDEST_BAR, narrowest] }) })),
    ...lines.map((line) => ({ stroke: style(line.color), width: line.dash ? 1.5 : 2, dash: line.dash, fill: line.area ? style("--area") : undefined, spanGaps: false, points: { show: days.length < 2 } }))];
  const data = [x, ...stacked.map(({ tops }) => tops), ...lines.map((line) => line.values.map(drawn))];
  const size = () => ({ width: Math.max(200, place.clientWidth), height });
  const plot = new uPlot({
    ...size(), series, legend: { show: false }, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"), padding: [8, 8, 0, 0],
    axes: [below, across], scales: { x: { time: true, range: (_, from, to) => [from - step / 2, to + step / 2] }, y: { range: within(bars.length > 0) } },
    cursor: { drag: { x: false, y: false }, sync: { key }, points: { size: 7 } }, hooks: { setCursor: [({ cursor }) => tell(cursor.idx)] },
  }, data, place);
  new ResizeObserver(() => { if (place.isConnected) plot.setSize(size()); }).observe(place);
}

/** From nothing up (or down, where bars fall), with a little room. */
const within = (withBars) => (_, least, most) => {
  const low = Math.min(0, least ?? 0), high = Math.max(0, most ?? 0);
  const room = (high - low || 1) * 0.06;
  return [low < 0 || withBars ? low - room : 0, high + room];
};

/** Bars on top of each other: rises up from 0, falls down from it; the tallest is drawn first. */
function stack(bars) {
  if (!bars.length) return [];
  const up = new Array(bars[0].values.length).fill(0), down = [...up];
  const layers = bars.map((row) => ({
    row,
    tops: row.values.map((text, at) => {
      const value = drawn(text) || 0;
      return value === 0 ? null : value > 0 ? (up[at] += value) : (down[at] += value);
    }),
  }));
  return layers.reverse();
}

const short = (value) => (Math.abs(value) >= 1e6 ? `${value / 1e6}M` : Math.abs(value) >= 1e4 ? `${value / 1e3}k` : String(value));

function asTable({ days, rows, label, tell }) {
  const place = h("details", { class: "as-table", ontoggle: () => { if (place.open && place.children.length < 2) place.append(tableOf()); } }, h("summary", {}, "As a table"));
  const tableOf = () => h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", {},
    h("caption", { class: "unseen" }, label),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Date"), rows.map((row) => h("th", { scope: "col", class: "number" }, row.label)))),
    h("tbody", {}, days.map((day, at) => h("tr", {}, h("th", { scope: "row" }, day), rows.map((row) => h("td", { class: "number" }, tell(row.values[at]))))))));
  return place;
}

/** A small line of values. */
export function sparkline(values, label) {
  const points = values.map(drawn);
  if (points.length < 2 || points.every((value) => value === null)) return h("span", { class: "quiet" }, "–");
  const low = Math.min(0, ...points), span = Math.max(...points) - low || 1;
  const path = points.map((value, at) => `${((at / (points.length - 1)) * 96).toFixed(1)},${(22 - ((value - low) / span) * 20).toFixed(1)}`).join(" ");
  return svg("svg", { viewBox: "0 0 96 24", class: "sparkline", role: "img", "aria-label": label },
    svg("polygon", { points: `0,24 ${path} 96,24`, class: "fill" }), svg("polyline", { points: path, "vector-effect": "non-scaling-stroke" }));
}

/** A bridge from a start to an end: `steps` are `{label, value, tell, kind, total}`; the first and last stand on the ground. */
export function waterfall(steps, label) {
  let level = 0;
  const spans = steps.map((step) => {
    const value = drawn(step.value) || 0;
    const from = step.total ? 0 : level;
    level = step.total ? value : level + value;
    return { ...step, low: Math.min(from, level), high: Math.max(from, level), level };
  });
  const top = Math.max(...spans.map((one) => one.high), 1), bottom = Math.min(...spans.map((one) => one.low), 0);
  const y = (value) => 100 - ((value - bottom) / (top - bottom)) * 96;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("div", { class: "waterfall", role: "img", "aria-label": `${label}: ${steps.map((one) => `${one.label} ${one.tell}`).join(", ")}` },
    spans.map((one, at) => h("div", {}, svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { x: 16, width: 68, y: y(one.high), height: Math.max(0.7, y(one.low) - y(one.high)), rx: 1, class: one.kind }),
      at < spans.length - 1 ? svg("line", { x1: 84, x2: 116, y1: y(one.level), y2: y(one.level) }) : null),
    h("b", {}, one.label), h("span", {}, one.tell)))));
}
