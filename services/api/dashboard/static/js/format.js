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

/** A rate such as "0.034500" as "3.45 %", a half rounded away from 0. */
export function rate(text) {
  if (text === null || text === undefined) return "–";
  const [, sign, whole, rest = ""] = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(text) || [];
  if (whole === undefined) return text;
  const hundredths = String((BigInt(whole + rest.padEnd(6, "0").slice(0, 6)) + 50n) / 100n).padStart(3, "0");
  return `${sign && /[1-9]/.test(hundredths) ? "−" : ""}${digits(hundredths.slice(0, -2))}${POINT}${hundredths.slice(-2)} %`;
}

/** A plain ratio with two places. */
export function ratio(text) {
  if (text === null || text === undefined) return "–";
  const [whole, rest = ""] = text.split(".");
  return digits(`${whole}.${rest.padEnd(2, "0").slice(0, 2)}`);
}

/** A count. */
export const count = (value) => (value === null || value === undefined ? "–" : digits(String(value)));

const OF_THIS_YEAR = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const OF_ANY_YEAR = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const WHOLE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const BETWEEN = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto", style: "short" });

/** An instant in the reader's own zone; the year where it is another one. */
export function instant(text) {
  if (!text) return "–";
  const at = new Date(text);
  return (at.getFullYear() === new Date().getFullYear() ? OF_THIS_YEAR : OF_ANY_YEAR).format(at);
}

/** The same to the second, with weekday and zone. */
export const instantWhole = (text) => WHOLE.format(new Date(text));

/** "5 min ago", "in 3 days". */
export function fromNow(text, now = Date.now()) {
  const seconds = (Date.parse(text) - now) / 1000, size = Math.abs(seconds);
  if (size < 45) return seconds > 0 ? "in a moment" : "now";
  if (size < 5400) return BETWEEN.format(Math.round(seconds / 60), "minute");
  if (size < 129600) return BETWEEN.format(Math.round(seconds / 3600), "hour");
  return BETWEEN.format(Math.round(seconds / 86400), "day");
}

/** A day. */
export function day(text) {
  if (!text) return "–";
  const [year, month, date] = text.slice(0, 10).split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, date)).toLocaleDateString(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
}

const SHORT = /\b(mrr|arr|arpa|ltv|fx)\b/g;

/** "payment_failed" as "payment failed"; what is short for something in capitals. */
export const words = (text) => (text ? text.replaceAll("_", " ").replace(SHORT, (short) => short.toUpperCase()) : "–");

/** The same at the beginning of a line. */
export const title = (text) => (text ? words(text)[0].toUpperCase() + words(text).slice(1) : "–");

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
