// How bad a signal is.

import { title } from "./format.js";
import { badge } from "./parts.js";

export const SEVERITIES = { critical: "bad", high: "bad", medium: "warn", low: "" };
export const severityBadge = (severity) => badge(title(severity), SEVERITIES[severity]);
