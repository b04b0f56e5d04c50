/** An origin's audit log, and receipts about it, as the `audit` and `receipt` commands read them. */
import { existsSync } from "node:fs";
import {
  openAuditReader,
  type AuditFault,
  type AuditReader,
  type GivenCheckpoint,
  type OriginConfig,
} from "../../origin/index.ts";
import { receiptSchema, type Receipt } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";
import { readDocument } from "./mesh/files.ts";
import { printable } from "./table.ts";

/** Opens the log in the configured database, as it is at this moment. The origin may be running. */
export function openAuditLog({ database }: OriginConfig): AuditReader {
  if (existsSync(database)) return openAuditReader(database);
  throw new CliError(`there is no database ${database}`, {
    hint: "it is made when the origin is started, or records are loaded, for the first time",
  });
}

export function readReceipt(path: string): Promise<Receipt> {
  return readDocument(path, receiptSchema, {
    what: "a receipt",
    hint: "`outcome-mesh query --receipts DIRECTORY` writes them",
  });
}

/** The checkpoints of receipts: what a log said of itself when they were given. */
export async function readCheckpoints(paths: readonly string[]): Promise<GivenCheckpoint[]> {
  return Promise.all(
    paths.map(async (path) => ({ signed: (await readReceipt(path)).checkpoint, from: path })),
  );
}

/** One line a fault, and how many more there are. */
export function formatFaults(faults: readonly AuditFault[], count: number): string {
  const more = count - faults.length;
  return [
    ...faults.map(({ message }) => `  ${printable(message)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}
