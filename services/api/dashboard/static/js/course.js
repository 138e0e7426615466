// A client's life on one axis: MRR as steps, and beneath it movements, payments and signals, each on a line of its own.

import { h, svg, show } from "./dom.js";
import { day, digits, drawn, instant, money, title, words } from "./format.js";
import { mainCurrency } from "./amounts.js";

const LEFT = 74, RIGHT = 12, TOP = 10, HIGH = 96, LANE = 24;
const LANES = ["Movements", "Payments", "Signals"];
const LEAST_WIDTH = 260;
const SHORTEST_MS = 14 * 86400000;

/** The drawing; `happened` as `/timeline` tells it, the newest first. */
export function course(happened) {
  const place = h("div", { role: "img", "aria-label": told(happened) });
  const about = scaled(happened);
  new ResizeObserver(() => { if (place.isConnected) show(place, draw(about, Math.max(LEAST_WIDTH, place.clientWidth))); }).observe(place);
  return h("figure", {}, place);
}

const told = (happened) => {
  const many = (kind) => happened.filter((one) => one.kind === kind).length;
  return `MRR, with ${many("movement")} movements, ${many("payment")} payments, ${many("payment_failed")} failed payments and ${many("signal")} signals; the list below tells each`;
};

/** When it begins and ends, and MRR in the client's main currency step by step. */
function scaled(happened) {
  const moves = happened.filter((one) => one.kind === "movement").map((one) => one.movement).reverse();
  const code = mainCurrency({ by_currency: Object.fromEntries(moves.map((one) => [one.currency, "0"])) }, moves.at(-1)?.currency);
  const steps = moves.filter((one) => one.currency === code).map((one) => ({ at: Date.parse(one.occurred_at), before: drawn(one.before.amount), after: drawn(one.after.amount), text: one.after.amount }));
  const end = Date.now();
  const begin = Math.min(...happened.map((one) => Date.parse(one.at)), end - SHORTEST_MS);
  return { happened, steps, code, begin: begin - (end - begin) * 0.02, end, top: Math.max(1, ...steps.flatMap((one) => [one.before, one.after])) };
}

function draw(about, width) {
  const x = (at) => LEFT + ((at - about.begin) / (about.end - about.begin)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + HIGH - (value / about.top) * HIGH;
  const height = TOP + HIGH + LANES.length * LANE + 34;
  return svg("svg", { class: "axis", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("text", { x: 0, y: TOP + HIGH + 2 }, about.code ? `MRR ${about.code.toUpperCase()}` : "MRR"),
    months(about, x, height, width),
    line(about, x, y),
    LANES.map((name, at) => lane(name, about.happened.filter(OF[name]), { x, y: TOP + HIGH + 14 + at * LANE + LANE / 2, end: about.end, width })));
}

function line({ steps, begin, end }, x, y) {
  if (!steps.length) return null;
  const points = [[x(begin), y(steps[0].before)]];
  for (const step of steps) points.push([x(step.at), y(step.before)], [x(step.at), y(step.after)]);
  points.push([x(end), y(steps.at(-1).after)]);
  const path = points.map((pair) => pair.map((value) => value.toFixed(1)).join(",")).join(" ");
  return [svg("polygon", { class: "area", points: `${points[0][0]},${y(0)} ${path} ${points.at(-1)[0]},${y(0)}` }), svg("polyline", { class: "mrr", points: path }),
    svg("text", { x: LEFT - 8, y: y(Math.max(...steps.map((one) => one.after), 0)) + 4, "text-anchor": "end" }, digits(steps.reduce((most, one) => (one.after > most.after ? one : most)).text))];
}

const OF = { Movements: (one) => one.kind === "movement", Payments: (one) => one.kind.startsWith("payment"), Signals: (one) => one.kind === "signal" };

function lane(name, happened, { x, y, end, width }) {
  return [svg("text", { x: 0, y: y + 4 }, name), svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
    happened.map((one) => one.kind === "signal" ? span(one.signal, { x, y, end }) : mark(one, x(Date.parse(one.at)), y))];
}

const span = (signal, { x, y, end }) => {
  const from = x(Date.parse(signal.opened_at)), to = x(signal.resolved_at ? Date.parse(signal.resolved_at) : end);
  return svg("rect", { class: signal.status === "resolved" ? "paid" : "failed", x: from, y: y - 4, width: Math.max(4, to - from), height: 8, rx: 3, opacity: 0.75 },
    svg("title", {}, `${title(signal.rule)}: ${signal.message}, ${signal.status === "resolved" ? words(signal.resolution) : words(signal.status)}`));
};

function mark(one, at, y) {
  if (one.kind === "movement") {
    const falls = one.movement.amount.amount.startsWith("-");
    const points = falls ? `${at - 5},${y - 4} ${at + 5},${y - 4} ${at},${y + 5}` : `${at - 5},${y + 4} ${at + 5},${y + 4} ${at},${y - 5}`;
    return svg("polygon", { class: falls ? "fall" : "rise", points }, svg("title", {}, `${title(one.movement.kind)} ${money(one.movement.amount)}, ${instant(one.at)}`));
  }
  const failed = one.kind === "payment_failed";
  return svg("circle", { class: failed ? "failed" : "paid", cx: at, cy: y, r: failed ? 5 : 4 },
    svg("title", {}, `${failed ? "Payment failed" : "Paid"} ${money(one.invoice?.[failed ? "amount_due" : "amount_paid"])}, ${instant(one.at)}`));
}

/** So many days below the axis as there is room for. */
function months({ begin, end }, x, height, width) {
  const marks = Math.max(2, Math.floor((width - LEFT) / 110));
  return Array.from({ length: marks }, (_, at) => {
    const when = begin + ((at + 0.5) / marks) * (end - begin);
    return [svg("line", { class: "grid", x1: x(when), x2: x(when), y1: TOP, y2: height - 22 }),
      svg("text", { x: x(when), y: height - 6, "text-anchor": "middle" }, day(new Date(when).toISOString()))];
  });
}
