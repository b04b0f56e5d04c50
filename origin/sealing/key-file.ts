/**
 * The sealing key on disk, at the origin alone. Nothing that is kept is sealed to it: whoever loses it makes another,
 * and askers learn of that. So it is made wherever it is missing.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  openSealingKey,
  secretKeyFrom,
  secretKeySchema,
  type SealingKeyPair,
} from "../../protocol/index.ts";
import { ConfigError, unreadable } from "../config.ts";
import type { SealingConfig } from "./config.ts";

export interface SealingKeys {
  readonly current: SealingKeyPair;
  /** Queries sealed to these are still opened. */
  readonly previous: readonly SealingKeyPair[];
  /** True if the current one was made just now. */
  readonly isNew: boolean;
}

/** The origin's keys; makes the current one where it is missing. Throws a `ConfigError`. */
export async function openSealingKeys({
  keyFile,
  previousKeyFiles,
}: SealingConfig): Promise<SealingKeys> {
  const held = await readKeyFile(keyFile);
  const current = held ?? (await makeKeyFile(keyFile));
  const previous = await Promise.all(
    previousKeyFiles.map(async (file) => {
      const key = await readKeyFile(file);
      if (key) return key;
      const message = "is not there: take it out of `sealing.previousKeyFiles`";
      throw new ConfigError(file, [{ path: "", message }]);
    }),
  );
  return { current, previous, isNew: held === undefined };
}

/** Undefined where there is no such file. */
async function readKeyFile(file: string): Promise<SealingKeyPair | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw new ConfigError(file, [unreadable("", error)]);
  }
  const secret = secretKeySchema.safeParse(text.trim());
  if (secret.success) return openSealingKey(secret.data);
  const message = "is not a sealing key: move it away, and a new one is made at the next start";
  throw new ConfigError(file, [{ path: "", message }]);
}

/** Whole or not at all, and never over another: a crash or a second process does no harm. */
async function makeKeyFile(file: string): Promise<SealingKeyPair> {
  const secret = secretKeyFrom(randomBytes(32));
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(`${secret}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, "EEXIST")) {
      const { message } = unreadable("", error);
      const hint = message.replace("can not be read", "can not be made");
      throw new ConfigError(file, [{ path: "", message: hint }]);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return (await readKeyFile(file)) ?? openSealingKey(secret);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
