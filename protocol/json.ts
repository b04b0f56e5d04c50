/**
 * JSON as we accept it: one document of I-JSON (RFC 7493), which RFC 8785 section 3.1 needs. No member is
 * named twice or `__proto__`, no string holds half a surrogate pair, and nesting is bounded, so that code that recurses
 * over an accepted document is safe.
 */
import { printParseErrorCode, visit } from "jsonc-parser";
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

/** Leaves the visitor at the first fault, before its recursion gets deeper than we allow. */
class NotInteroperable extends Error {
  readonly issue: Issue;

  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.issue = { path: path.join("."), message };
  }
}

function checkText(text: string): void {
  /** Names seen so far in each open object; undefined stands for an open array. */
  const open: (Set<string> | undefined)[] = [];
  const enter = (names: Set<string> | undefined, path: readonly (string | number)[]): void => {
    open.push(names);
    if (open.length > JSON_MAX_DEPTH) {
      throw new NotInteroperable(path, `is nested deeper than ${JSON_MAX_DEPTH} levels`);
    }
  };
  const leave = (): void => {
    open.pop();
  };
  visit(text, {
    onObjectBegin: (_offset, _length, _line, _column, path) => enter(new Set(), path()),
    onArrayBegin: (_offset, _length, _line, _column, path) => enter(undefined, path()),
    onObjectEnd: leave,
    onArrayEnd: leave,
    onObjectProperty: (name, _offset, _length, _line, _column, path) => {
      const names = open.at(-1);
      if (names?.has(name)) throw new NotInteroperable([...path(), name], "is named twice");
      // Validators drop it, because assigning it changes an object: refused, lest a field vanish unsaid.
      if (name === "__proto__") throw new NotInteroperable([...path(), name], "is no name to use");
      if (!name.isWellFormed()) throw new NotInteroperable(path(), LONE_SURROGATE);
      names?.add(name);
    },
    onLiteralValue: (literal: unknown, _offset, _length, _line, _column, path) => {
      if (typeof literal === "string" && !literal.isWellFormed()) {
        throw new NotInteroperable(path(), LONE_SURROGATE);
      }
    },
    onError: (code) => {
      throw new Error(`JSON.parse accepted what the visitor refused: ${printParseErrorCode(code)}`);
    },
  });
}

const LONE_SURROGATE = "holds half of a surrogate pair";
