/** Bytes and lines of a file, plain or compressed with gzip. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { BrokenRow } from "./source.ts";

/** The longest line we take for a record: a profile with a vector of 4,096 numbers is 80 kB. */
export const LINE_MAX_BYTES = 4_194_304;
const NEWLINE = 0x0a;

export interface Line {
  readonly line: number;
  /** Without its line end. */
  readonly text: string;
}

/** The file's content; gzip is known by its first two bytes. Throws if the file can not be opened. */
export async function openFile(path: string): Promise<Readable> {
  const file = await open(path);
  const { bytesRead, buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
  await file.close();
  const stream = createReadStream(path);
  if (bytesRead < 2 || buffer[0] !== 0x1f || buffer[1] !== 0x8b) return stream;
  const gunzip = createGunzip();
  stream.on("error", (error) => gunzip.destroy(error));
  gunzip.on("close", () => stream.destroy());
  return stream.pipe(gunzip);
}

/** The file's lines. One that is too long or not UTF-8 is broken alone; what can not be read on, from there. */
export async function* readLines(path: string): AsyncGenerator<Line | BrokenRow> {
  const input = await openFile(path);
  let line = 1;
  let parts: Buffer[] = [];
  let size = 0;
  const take = (): Line | BrokenRow => {
    const row =
      size > LINE_MAX_BYTES ? tooLong(line) : decodeLine(line, Buffer.concat(parts, size));
    line += 1;
    parts = [];
    size = 0;
    return row;
  };
  const collect = (part: Buffer): void => {
    size += part.length;
    if (size <= LINE_MAX_BYTES) parts.push(part);
    else parts = [];
  };
  try {
    for await (const chunk of input) {
      const bytes: Buffer = Buffer.from(chunk);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        collect(bytes.subarray(start, end));
        start = end + 1;
        yield take();
      }
      collect(bytes.subarray(start));
    }
    if (size > 0) yield take();
  } catch (error) {
    yield { line, issues: [unreadable(error)] };
  } finally {
    input.destroy();
  }
}

/** All of the file as text; or why it can not be read. */
export async function readText(path: string): Promise<Line | BrokenRow> {
  const input = await openFile(path);
  try {
    const parts: Buffer[] = [];
    for await (const chunk of input) parts.push(Buffer.from(chunk));
    return decodeLine(1, Buffer.concat(parts));
  } catch (error) {
    return { line: 1, issues: [unreadable(error)] };
  }
}

function decodeLine(line: number, bytes: Uint8Array): Line | BrokenRow {
  try {
    // A byte order mark is no content; the decoder takes it off.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { line, text: text.endsWith("\r") ? text.slice(0, -1) : text };
  } catch {
    return { line, issues: [{ path: "", message: "is not UTF-8" }] };
  }
}

function tooLong(line: number): BrokenRow {
  return { line, issues: [{ path: "", message: `is longer than ${LINE_MAX_BYTES} bytes` }] };
}

function unreadable(error: unknown): { path: string; message: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { path: "", message: `the file can not be read on from here: ${reason}` };
}
