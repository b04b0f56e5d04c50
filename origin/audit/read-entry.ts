/** Reading an entry's document as it was logged: the schema's, and in canonical form. */
import {
  auditEntrySchema,
  canonicalBytes,
  err,
  ok,
  parseJson,
  type AuditEntry,
  type Result,
} from "../../protocol/index.ts";

/** The entry, or why the document is none, in words. */
export function readEntry(document: string): Result<AuditEntry, string> {
  const json = parseJson(document);
  if (!json.ok) return err(json.error.message);
  const parsed = auditEntrySchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`);
  }
  const canonical = new TextDecoder().decode(canonicalBytes(parsed.data));
  return canonical === document ? ok(parsed.data) : err("is not in canonical form");
}
