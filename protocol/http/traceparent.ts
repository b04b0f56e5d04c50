/** W3C Trace Context: one id that follows a query through every organisation, for their logs. It proves nothing. */
const PATTERN = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = "01";

/** The trace id of a `traceparent`; undefined where it is none (section 3.2.2: all zeros is none). */
export function traceIdOf(traceparent: string | null | undefined): string | undefined {
  const [, traceId, parentId] = PATTERN.exec(traceparent ?? "") ?? [];
  return isNonZero(traceId) && isNonZero(parentId) ? traceId : undefined;
}

/** The next step of the trace that `traceparent` names, or the first of a new one where it names none. */
export function continueTrace(
  traceparent: string | null | undefined,
  random: (bytes: number) => Uint8Array,
): string {
  const traceId = traceIdOf(traceparent);
  if (traceId === undefined) return `00-${hex(random(16))}-${hex(random(8))}-${SAMPLED}`;
  return `00-${traceId}-${hex(random(8))}-${traceparent?.slice(-2) ?? SAMPLED}`;
}

function isNonZero(id: string | undefined): boolean {
  return id !== undefined && /[^0]/.test(id);
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
