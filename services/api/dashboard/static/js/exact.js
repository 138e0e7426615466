// Comparing what the API says as texts, without a float between.

const PLACES = 6;

/** A decimal text in millionths. */
export function millionths(text) {
  const [, sign, whole, rest = ""] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text) || [];
  return whole === undefined ? null : BigInt(`${sign}${whole}${rest.padEnd(PLACES, "0").slice(0, PLACES)}`);
}

const size = (value) => (value < 0n ? -value : value);

/** By how much `now` is more or less than `then`, in percent with one place, as text; null where there was nothing. */
export function percentMore(now, then) {
  const [one, other] = [millionths(now), millionths(then)];
  if (one === null || other === null || other === 0n) return null;
  const tenths = (size(one - other) * 2000n + size(other)) / (2n * size(other));
  return `${tenths / 10n}.${tenths % 10n}`;
}

/** -1, 0 or 1. */
export function order(one, other) {
  const [left, right] = [millionths(one), millionths(other)];
  return left > right ? 1 : left < right ? -1 : 0;
}

/** What two rates are apart, in percentage points with two places. */
export function pointsApart(now, then) {
  const hundredths = size(millionths(now) - millionths(then)) / 100n;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}
