/** The day that a daily quota counts: UTC, so that it is the same for everyone. */

const DAY_MS = 86_400_000;
const DAY_S = DAY_MS / 1000;

/** Days since 1970 at a time in milliseconds. */
export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

export function secondsToNextDay(now: number): number {
  return Math.ceil(((dayOf(now) + 1) * DAY_MS - now) / 1000);
}

/** The RateLimit header fields of a daily quota, beside those of `others` (draft-ietf-httpapi-ratelimit-headers). */
export function dailyHeaders(
  { perDay, used, now }: { readonly perDay: number; readonly used: number; readonly now: number },
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  const fields = {
    "ratelimit-policy": `"day";q=${perDay};w=${DAY_S}`,
    ratelimit: `"day";r=${Math.max(0, perDay - used)};t=${secondsToNextDay(now)}`,
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      [others[name], value].filter((part) => part !== undefined).join(", "),
    ]),
  );
}
