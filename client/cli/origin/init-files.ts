/** The files of a new origin: all that stands in the way is found before anything is written, and none is overwritten. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { CliError } from "../cli-error.ts";

/** As the operator's token of docs/deploy.md: 192 bits. */
const TOKEN_BYTES = 24;
const SECRET_MODE = 0o600;

export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Readable by its owner alone, and kept as it is where it is there already. */
  readonly isSecret?: boolean;
}

export interface WrittenFile {
  readonly path: string;
  /** `kept`: it was there already, with this content or, of a secret, with its own. */
  readonly state: "written" | "kept";
}

/** Writes the files. Throws a `CliError` before it writes any if another content is at one of the places. */
export async function writeNewFiles(files: readonly NewFile[]): Promise<WrittenFile[]> {
  const states: WrittenFile[] = [];
  for (const file of files) states.push(await stateOf(file));
  for (const [i, { path, content, isSecret = false }] of files.entries()) {
    if (states[i]?.state === "kept") continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { flag: "wx", ...(isSecret && { mode: SECRET_MODE }) });
  }
  return states;
}

async function stateOf({ path, content, isSecret = false }: NewFile): Promise<WrittenFile> {
  const found = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return { path, state: "written" };
  if (isSecret || Buffer.from(content).equals(found)) return { path, state: "kept" };
  throw new CliError(`${path} is there already, and is not overwritten`, {
    hint: "choose another --dir, or move that file away",
  });
}

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** How the configuration in `directory` names a file: relative where that is below it. */
export function nameIn(directory: string, path: string): string {
  const name = relative(resolve(directory), resolve(path));
  return name.startsWith("..") || isAbsolute(name) ? resolve(path) : name;
}

/** Where `init` puts a copy of a file: nowhere if that is in `directory` already. */
export function placeIn(directory: string, path: string, base: string): string {
  return nameIn(directory, path) === resolve(path) ? join(directory, base) : path;
}
