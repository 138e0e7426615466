// A series as the API tells it, as days and texts.

/** `[{day, value}]`; a point without a figure has null. */
export const points = (series) => (series?.points || []).map((one) => ({ day: one.from ?? one.date, value: textOf(one.value) }));

/** A value's text: of money its amount, of money in several currencies null (nothing adds them up). */
export function textOf(value) {
  if (value === null || value === undefined || value.by_currency) return null;
  return typeof value === "object" ? value.amount : String(value);
}

/** The currency of a series of money; null for counts and rates. */
export const endOf = (series) => series?.points?.find((one) => one.value?.currency)?.value.currency ?? series?.currency ?? null;
