/** JSON as we accept it: one document, no member named twice (RFC 8785 section 3.1 needs that). */
import { printParseErrorCode, visit } from "jsonc-parser";
import { err, ok, type Issue, type Result } from "./result.ts";

/** Parses strict JSON text; the error says where it stops being that. */
export function parseJson(text: string): Result<unknown, Issue> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err({ path: "", message: `is not JSON: ${error instanceof Error ? error.message : ""}` });
  }
  const duplicate = findDuplicateMember(text);
  if (duplicate !== undefined) return err({ path: duplicate, message: "is named twice" });
  return ok(value);
}

/** The dotted path of the first member that its object already has. */
function findDuplicateMember(text: string): string | undefined {
  const open: Set<string>[] = [];
  let found: string | undefined;
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectEnd: () => {
      open.pop();
    },
    onObjectProperty: (name, _offset, _length, _line, _column, path) => {
      const names = open.at(-1);
      if (names?.has(name)) found ??= [...path(), name].join(".");
      names?.add(name);
    },
    onError: (code) => {
      throw new Error(`JSON.parse accepted what the visitor refused: ${printParseErrorCode(code)}`);
    },
  });
  return found;
}
