/** Keys and documents that the `mesh` commands are given, and those that they write. */
import { readFile, writeFile } from "node:fs/promises";
import type { z } from "zod";
import {
  charterDraftSchema,
  checkDraft,
  completeDraft,
  issuesOf,
  openIdentity,
  parseJson,
  secretKeySchema,
  type Charter,
  type CharterDraft,
  type Identity,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** The identity whose seed the file holds, as `key new` wrote it. */
export async function readKey(path: string): Promise<Identity> {
  const seed = secretKeySchema.safeParse((await readFile(path, "utf8")).trim());
  if (seed.success) return openIdentity(seed.data);
  throw new CliError(`${path} is not a key`, {
    hint: "a key is a file that `outcome-mesh key new --out FILE` wrote",
  });
}

/** Reads `path` as JSON of `schema`; `what` says what it should be, and `hint` what writes such a file. */
export async function readDocument<T>(
  path: string,
  schema: z.ZodType<T>,
  { what, hint }: { readonly what: string; readonly hint: string },
): Promise<T> {
  const json = parseJson(await readFile(path, "utf8"));
  const parsed = json.ok ? schema.safeParse(json.value) : undefined;
  if (parsed?.success) return parsed.data;
  const issues = json.ok ? issuesOf(parsed?.error ?? { issues: [] }) : [json.error];
  throw new CliError(`${path} is not ${what}`, { issues, hint });
}

/** A charter that may lack signatures; those that it has are good. */
export async function readDraft(path: string): Promise<CharterDraft> {
  const draft = await readDocument(path, charterDraftSchema, {
    what: "a charter",
    hint: "`outcome-mesh mesh found` writes one",
  });
  const fault = await checkDraft(draft);
  if (!fault) return draft;
  const reason = fault.code === "unsound-key" ? "is not a sound key" : "did not sign it";
  throw new CliError(`${path} can not be used: ${fault.founder} ${reason}`, {
    exitCode: EXIT.negative,
    hint: "someone changed it: ask its founders for the charter again",
  });
}

/** A charter that every founder signed. */
export async function readCharter(path: string): Promise<Charter> {
  const complete = completeDraft(await readDraft(path));
  if (complete.ok) return complete.value;
  throw new CliError(`${path} is not signed by all founders yet`, {
    exitCode: EXIT.negative,
    hint: `outcome-mesh mesh sign ${path} --key FILE, by ${complete.error.join(", ")}`,
  });
}

/** Writes a document for others to read. What is there is never overwritten, unless `replace` says so. */
export async function writeDocument(
  path: string,
  document: unknown,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<void> {
  const text = `${JSON.stringify(document, undefined, 2)}\n`;
  try {
    await writeFile(path, text, { flag: replace ? "w" : "wx" });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
    throw new CliError(`${path} is there already`, {
      hint: "choose another file, or move that one away",
      cause: error,
    });
  }
}
