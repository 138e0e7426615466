// Values as people read them. Money stays text from the API to the page: no figure passes through a float to be shown.

const LOCALE = navigator.language || "en";
const GROUP = new Intl.NumberFormat(LOCALE).format(11111).replace(/[0-9]/g, "").slice(0, 1) || ",";
const POINT = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1 }).format(1.5).replace(/[0-9]/g, "") || ".";

/** "1234567.50" as "1,234,567.50". */
export function digits(text) {
  const [, sign, whole, rest] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text) || [];
  if (whole === undefined) return text;
  const grouped = whole.replace(/\B(?=([0-9]{3})+$)/g, GROUP);
  return `${sign ? "−" : ""}${grouped}${rest === undefined ? "" : POINT + rest}`;
}

/** An amount in one currency. */
export function amount(text, currency) {
  return currency ? `${digits(text)} ${currency.toUpperCase()}` : digits(text);
}

/** A money object: `{amount, currency}`, or `{by_currency}` where nothing adds them up; null is a dash. */
export function money(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return digits(value);
  if (value.by_currency) {
    const parts = Object.entries(value.by_currency).map(([currency, text]) => amount(text, currency));
    return parts.length ? parts.join(" + ") : "0";
  }
  return amount(value.amount, value.currency);
}

/** A rate such as "0.034500" as "3.45 %". */
export function rate(text) {
  if (text === null || text === undefined) return "–";
  const [, sign, whole, rest] = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(text) || [];
  if (whole === undefined) return text;
  const places = (rest || "").padEnd(6, "0");
  const moved = `${whole}${places.slice(0, 2)}`.replace(/^0+(?=[0-9])/, "");
  return `${sign ? "−" : ""}${moved}${POINT}${places.slice(2, 4)} %`;
}

/** A plain ratio with two places. */
export function ratio(text) {
  if (text === null || text === undefined) return "–";
  const [whole, rest = ""] = text.split(".");
  return digits(`${whole}.${rest.padEnd(2, "0").slice(0, 2)}`);
}

/** A count. */
export const count = (value) => (value === null || value === undefined ? "–" : digits(String(value)));

/** An instant in the reader's own zone. */
export function instant(text) {
  if (!text) return "–";
  const at = new Date(text);
  return at.toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "short" });
}

/** A day. */
export function day(text) {
  if (!text) return "–";
  const [year, month, date] = text.slice(0, 10).split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, date)).toLocaleDateString(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
}

/** "payment_failed" as "payment failed". */
export const words = (text) => (text ? text.replaceAll("_", " ") : "–");

/** How long ago, in words. */
export function ago(seconds) {
  if (seconds === null || seconds === undefined) return "unknown";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** A number to draw with; never to show. */
export const drawn = (text) => (text === null || text === undefined ? null : Number(text));
