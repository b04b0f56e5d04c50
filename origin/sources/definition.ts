/** What tells a source whose configuration changed from the one that was read before. */
import { createHash } from "node:crypto";

/** A digest of values that decide which records a source has; members that are undefined do not count. */
export function definitionOf(values: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("base64url");
}
