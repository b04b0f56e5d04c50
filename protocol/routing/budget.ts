/** How a query's requests are shared out between lookups and origins, which a platform may limit together. */

/**
 * Requests that lookups may take: what `maxOrigins` origins leave of `limit`, and half of it at least, since an
 * origin that was not found can not be asked.
 */
export function lookupBudget(limit: number, maxOrigins: number): number {
  return Math.max(Math.ceil(limit / 2), limit - maxOrigins);
}

/** Origins that may be asked once `lookups` requests were sent. */
export function originBudget(limit: number, maxOrigins: number, lookups: number): number {
  return Math.max(0, Math.min(maxOrigins, limit - lookups));
}
