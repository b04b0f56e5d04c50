/** A charter for people, and what to do with it next. */
import {
  completeDraft,
  meshIdOf,
  type CharterDraft,
  type PublicKey,
} from "../../../protocol/index.ts";
import { printJson, printText } from "../output.ts";
import { formatTable } from "../table.ts";
import { describeAdmission } from "./admission.ts";

/** Prints the charter in `file`: its mesh, who signed, and the command that comes next. */
export function printCharter(file: string, draft: CharterDraft, isJson: boolean): void {
  const { charter, signatures } = draft;
  const complete = completeDraft(draft);
  const missing: readonly PublicKey[] = complete.ok ? [] : complete.error;
  const mesh = meshIdOf(charter);
  if (isJson) {
    printJson({ file, mesh, complete: complete.ok, missing, charter });
    return;
  }
  const rows = charter.founders.map((founder, i) => [
    founder,
    signatures[i] === null ? "has yet to sign" : "signed",
  ]);
  const next = complete.ok
    ? `The charter is complete. Each founder starts its node with:\n  outcome-mesh mesh join --charter ${file} --key FILE --mesh-url URL`
    : `Send it to those who have yet to sign. Each runs:\n  outcome-mesh mesh sign ${file} --key FILE`;
  printText(
    [
      `${charter.name}: ${describeAdmission(charter.admission)}; ${charter.replicas} replicas\nmesh id ${mesh}`,
      formatTable(["founder", "signature"], rows),
      next,
    ].join("\n\n"),
  );
}
