// Small drawings beside words; the words alone say everything.

import { svg } from "./dom.js";

const PATHS = {
  overview: "M2 13V9M6 13V4M10 13V7M14 13V2",
  clients: "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 14c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3a2.5 2.5 0 0 1 0 4.5M12.5 10.3c1.3.5 2 1.8 2 3.7",
  alerts: "M8 2a4 4 0 0 0-4 4c0 4-1.5 5-1.5 5h11S12 10 12 6a4 4 0 0 0-4-4ZM6.5 13.5a1.6 1.6 0 0 0 3 0",
  cohorts: "M2 2h12v12H2zM2 6h12M2 10h8M6 2v12M10 2v8",
  cancellations: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6 6l4 4M10 6l-4 4",
  trials: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.3l2.2 1.4",
  renewals: "M13.5 7A5.6 5.6 0 0 0 3 5.5M2.5 2.5v3h3M2.5 9A5.6 5.6 0 0 0 13 10.5M13.5 13.5v-3h-3",
  payments: "M1.5 3.5h13v9h-13zM1.5 6.5h13M4 10h2.5",
  mapping: "M4 4.5h8M4 11.5h8M2.5 3h3v3h-3zM10.5 3h3v3h-3zM2.5 10h3v3h-3zM10.5 10h3v3h-3z",
  integration: "M6 2v3M10 2v3M4.5 5h7v3a3.5 3.5 0 0 1-7 0zM8 11.5V14",
  menu: "M2 4h12M2 8h12M2 12h12",
};

export const icon = (name) => svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
