/** From an untrusted record to one that the store takes: checked against the domain, its signature computed. */
import {
  canonicalBytes,
  checkRecord,
  err,
  ok,
  signatureOf,
  slotsOf,
  type CompiledDomain,
  type Issue,
  type Result,
} from "../protocol/index.ts";
import type { SignedRecord } from "./store/index.ts";

export interface PreparedRecord extends SignedRecord {
  /** What was left out, and what keeps the record from being found. */
  readonly warnings: readonly Issue[];
}

/** The issues name every offending field. */
export function prepareRecord(
  compiled: CompiledDomain,
  raw: unknown,
): Result<PreparedRecord, readonly Issue[]> {
  const checked = checkRecord(compiled, raw);
  if (!checked.ok) return checked;
  const { record, profile } = checked.value;
  try {
    canonicalBytes(record);
  } catch {
    // Half of a surrogate pair has no UTF-8, so neither a canonical form nor a place in a signed answer.
    return err([{ path: "", message: "has text that is not well-formed Unicode" }]);
  }
  const signature = signatureOf(compiled, profile.values);
  const warnings = [...profile.warnings];
  if (slotsOf(compiled.plan, signature).every((slot) => slot === undefined)) {
    const message = "has too few features: no tree of the domain leads to it, so no query will";
    warnings.push({ path: "profile", message });
  }
  return ok({ record, signature, warnings });
}
