/**
 * JSON as we accept it: one document of I-JSON (RFC 7493), which RFC 8785 section 3.1 needs. No member is
 * named twice or `__proto__`, no string holds half a surrogate pair, and nesting is bounded, so that code that recurses
 * over an accepted document is safe.
 */
import { err, ok, type Issue, type Result } from "./result.ts";

/** The deepest document of the protocol nests six levels; the rest is room for profiles of the future. */
export const JSON_MAX_DEPTH = 64;

/** Parses strict JSON text; the error says where it stops being that. */
export function parseJson(text: string): Result<unknown, Issue> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err({
      path: "",
      message: `is not JSON: ${error instanceof Error ? error.message : ""}`,
    });
  }
  try {
    checkText(text);
    return ok(value);
  } catch (error) {
    if (error instanceof NotInteroperable) return err(error.issue);
    throw error;
  }
}

/** Ends the check at the first fault. */
class NotInteroperable extends Error {
  readonly issue: Issue;

  constructor(open: readonly Container[], message: string, name?: string) {
    super(message);
    // The innermost container is where the fault lies, or in its member `name`.
    const path = open.slice(0, name === undefined ? undefined : -1).map(({ at }) => String(at));
    this.issue = { path: [...path, ...(name === undefined ? [] : [name])].join("."), message };
  }
}

/** An object or array that has begun and not ended. */
interface Container {
  /** Names seen so far in an object; undefined for an array. */
  readonly names: Set<string> | undefined;
  /** The member that is read: its name or index. */
  at: string | number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const ARRAY_BEGIN = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT_BEGIN = 0x7b;
const OBJECT_END = 0x7d;
const LONE_SURROGATE = "holds half of a surrogate pair";

/**
 * Checks text that is JSON, in one pass and a time that grows with its length alone: nothing else in it than
 * strings and six marks matters here.
 */
function checkText(text: string): void {
  const open: Container[] = [];
  /** True where the next string is a name. */
  let isName = false;
  // Only an escape can make half a pair then.
  const isWhole = text.isWellFormed();
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case OBJECT_BEGIN:
      case ARRAY_BEGIN:
        isName = text.charCodeAt(i) === OBJECT_BEGIN;
        if (open.length === JSON_MAX_DEPTH) {
          throw new NotInteroperable(open, `is nested deeper than ${JSON_MAX_DEPTH} levels`);
        }
        open.push(isName ? { names: new Set(), at: "" } : { names: undefined, at: 0 });
        break;
      case OBJECT_END:
      case ARRAY_END:
        open.pop();
        isName = false;
        break;
      case COMMA: {
        const container = open.at(-1);
        isName = container?.names !== undefined;
        if (typeof container?.at === "number") container.at += 1;
        break;
      }
      case QUOTE: {
        const end = endOfString(text, i);
        const raw = text.slice(i + 1, end);
        const isEscaped = raw.includes("\\");
        const value = isEscaped ? unescape(text.slice(i, end + 1)) : raw;
        if (isName) checkName(open, value);
        else if ((isEscaped || !isWhole) && !value.isWellFormed()) {
          throw new NotInteroperable(open, LONE_SURROGATE);
        }
        isName = false;
        i = end;
        break;
      }
    }
  }
}

function checkName(open: readonly Container[], name: string): void {
  const object = open.at(-1);
  if (!object?.names) return;
  if (object.names.has(name)) throw new NotInteroperable(open, "is named twice", name);
  // Validators drop it, because assigning it changes an object: refused, lest a field vanish unsaid.
  if (name === "__proto__") throw new NotInteroperable(open, "is no name to use", name);
  if (!name.isWellFormed()) throw new NotInteroperable(open.slice(0, -1), LONE_SURROGATE);
  object.names.add(name);
  object.at = name;
}

/** Where the string that begins at `start` has its closing quote: the first that no backslash escapes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

function unescape(literal: string): string {
  return String(JSON.parse(literal));
}
