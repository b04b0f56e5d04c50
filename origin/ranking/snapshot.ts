/**
 * An index on disk: what it held when its domain's records were at a seq, so that a start reads one file and what
 * changed since. A cache: whatever is wrong with it, the database has all that is needed to build it anew.
 *
 * Layout: "OMINDEX1", u32 length of the header, u32 CRC-32 of everything after these 16 bytes, the header as JSON,
 * then the arrays, each at the next multiple of 8 bytes, in this machine's byte order.
 */
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { SectionArray, SectionReader, SectionWriter } from "./sections.ts";

const MAGIC = "OMINDEX1";
const PREFIX_BYTES = 16;
/** Raised when a column's arrays change: an older file is then ignored. */
const VERSION = 1;
/** Written at a time: the event loop is held for a few milliseconds. */
const CHUNK_BYTES = 4_194_304;

const headerSchema = z.strictObject({
  version: z.literal(VERSION),
  endianness: z.literal(endianness()),
  /** Of what the index is: domain, and database. */
  subject: z.string(),
  seq: z.int(),
  sections: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(["float64", "uint32", "uint8"]),
      length: z.int().min(0),
    }),
  ),
});
type Header = z.infer<typeof headerSchema>;

const ELEMENT_BYTES = { float64: 8, uint32: 4, uint8: 1 } as const;

export interface Snapshot {
  readonly subject: string;
  readonly seq: number;
  readonly sections: SectionReader;
}

/** A file that is no usable snapshot; the message says why. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/**
 * Writes what `save` gives beside `path`, then puts it in its place. `save` is called at once; the arrays must not
 * change before this resolves, or else `isStale` must say so: then nothing is written, and the answer is false.
 */
export async function writeSnapshot(
  path: string,
  { subject, seq }: { readonly subject: string; readonly seq: number },
  save: (write: SectionWriter) => void,
  isStale: () => boolean = () => false,
): Promise<boolean> {
  const sections: Header["sections"] = [];
  const parts: Uint8Array[] = [];
  let size = 0;
  const append = (bytes: Uint8Array): void => {
    const padding = (8 - (size % 8)) % 8;
    if (padding > 0) parts.push(new Uint8Array(padding));
    parts.push(bytes);
    size += padding + bytes.length;
  };
  const arrays: Uint8Array[] = [];
  save((name, array) => {
    sections.push({ name, type: typeOf(array), length: array.length });
    arrays.push(bytesOf(array));
  });
  const header: Header = { version: VERSION, endianness: endianness(), subject, seq, sections };
  const headerBytes = new TextEncoder().encode(JSON.stringify(header));
  append(headerBytes);
  arrays.forEach(append);

  const temporary = `${path}.part`;
  // Records of people, if encoded: for the account that runs the origin alone.
  const file = await open(temporary, "w", 0o600);
  let isWritten = false;
  try {
    let checksum = 0;
    let at = PREFIX_BYTES;
    for (const part of parts) {
      for (let start = 0; start < part.length && !isStale(); start += CHUNK_BYTES) {
        const chunk = part.subarray(start, start + CHUNK_BYTES);
        checksum = crc32(chunk, checksum);
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
    }
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.write(MAGIC, "latin1");
    prefix.writeUInt32LE(headerBytes.length, 8);
    prefix.writeUInt32LE(checksum, 12);
    await file.write(prefix, 0, PREFIX_BYTES, 0);
    await file.sync();
    isWritten = !isStale();
  } finally {
    await file.close();
    if (!isWritten) await rm(temporary, { force: true });
  }
  if (isWritten) await rename(temporary, path);
  return isWritten;
}

/** Reads a snapshot; undefined where there is no file. Throws a `SnapshotError` for one that is damaged or of another form. */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  await rm(`${path}.part`, { force: true });
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return await readSections(file);
  } finally {
    await file.close();
  }
}

async function readSections(file: FileHandle): Promise<Snapshot> {
  const { size } = await file.stat();
  const prefix = Buffer.alloc(PREFIX_BYTES);
  await fill(file, prefix, 0);
  if (prefix.toString("latin1", 0, MAGIC.length) !== MAGIC)
    throw new SnapshotError("is no snapshot");
  const headerBytes = Buffer.alloc(Math.min(size, prefix.readUInt32LE(8)));
  let end = PREFIX_BYTES + headerBytes.length;
  let checksum = await fill(file, headerBytes, PREFIX_BYTES);
  const header = headerSchema.safeParse(parseJson(headerBytes.toString("utf8")));
  if (!header.success) throw new SnapshotError("is of another form");
  const { subject, seq, sections } = header.data;
  // Before any memory is taken for them.
  const length = sections.reduce(
    (at, section) => Math.ceil(at / 8) * 8 + section.length * ELEMENT_BYTES[section.type],
    end,
  );
  if (length !== size) throw new SnapshotError("has another length than it says");
  const arrays = new Map<string, SectionArray>();
  for (const { name, type, length: elements } of sections) {
    const padding = Buffer.alloc((8 - (end % 8)) % 8);
    checksum = await fill(file, padding, end, checksum);
    end += padding.length;
    const array = newArray(type, elements);
    checksum = await fill(file, bytesOf(array), end, checksum);
    end += array.byteLength;
    arrays.set(name, array);
  }
  if (checksum !== prefix.readUInt32LE(12)) throw new SnapshotError("is damaged");
  const find = (name: string): SectionArray => {
    const array = arrays.get(name);
    if (!array) throw new SnapshotError(`lacks ${name}`);
    return array;
  };
  const wrong = (name: string): never => {
    throw new SnapshotError(`has another type of ${name}`);
  };
  return {
    subject,
    seq,
    sections: {
      float64: (name) => {
        const array = find(name);
        return array instanceof Float64Array ? array : wrong(name);
      },
      uint32: (name) => {
        const array = find(name);
        return array instanceof Uint32Array ? array : wrong(name);
      },
      uint8: (name) => {
        const array = find(name);
        return array instanceof Uint8Array ? array : wrong(name);
      },
    },
  };
}

/** Fills `bytes` from the file; returns the checksum with them. */
async function fill(file: FileHandle, bytes: Uint8Array, at: number, before = 0): Promise<number> {
  let checksum = before;
  for (let start = 0; start < bytes.length;) {
    const chunk = bytes.subarray(start, start + CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at + start);
    if (bytesRead === 0) throw new SnapshotError("is cut off");
    checksum = crc32(chunk.subarray(0, bytesRead), checksum);
    start += bytesRead;
  }
  return checksum;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function newArray(type: keyof typeof ELEMENT_BYTES, length: number): SectionArray {
  if (type === "float64") return new Float64Array(length);
  return type === "uint32" ? new Uint32Array(length) : new Uint8Array(length);
}

function bytesOf(array: SectionArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function typeOf(array: SectionArray): Header["sections"][number]["type"] {
  if (array instanceof Float64Array) return "float64";
  return array instanceof Uint32Array ? "uint32" : "uint8";
}
