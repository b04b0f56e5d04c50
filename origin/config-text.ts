/** JSON with comments, as the configuration file is written: parsed with the line and column of each fault. */
import {
  findNodeAtLocation,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";
import { err, ok, type Issue, type Result } from "../protocol/index.ts";

/** A comma after the last member is allowed, so that a line can be commented in and out. */
const COMMENTED = { disallowComments: false, allowTrailingComma: true, allowEmptyContent: false };

export interface ConfigText {
  readonly value: unknown;
  /** The issue with the line of the field that it is about, or of the nearest around it. */
  readonly locate: (issue: Issue) => Issue;
}

/** Parses the text; the issue says where it stops being JSON, or what is named twice. */
export function parseConfigText(text: string): Result<ConfigText, Issue> {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, COMMENTED);
  const [error] = errors;
  if (error || !root) {
    const reason = error ? printParseErrorCode(error.error) : "empty";
    const at = positionOf(text, error?.offset ?? 0);
    return err({ path: "", message: `is not JSON: ${reason} at ${at}` });
  }
  try {
    const value = valueOf(root);
    return ok({ value, locate: (issue) => locate(text, root, issue) });
  } catch (fault) {
    if (!(fault instanceof RepeatedName)) throw fault;
    const message = `is named twice, the second time at ${positionOf(text, fault.offset)}`;
    return err({ path: fault.message, message });
  }
}

/** The last of two would count without anyone noticing. */
class RepeatedName extends Error {
  readonly offset: number;

  constructor(name: string, offset: number) {
    super(name);
    this.offset = offset;
  }
}

function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  const members = new Map<string, unknown>();
  for (const { children, offset } of node.children ?? []) {
    const [key, value] = children ?? [];
    const name = String(key?.value);
    if (members.has(name)) throw new RepeatedName(name, offset);
    members.set(name, value && valueOf(value));
  }
  return Object.fromEntries(members);
}

function locate(text: string, root: Node, issue: Issue): Issue {
  const path = issue.path === "" ? [] : issue.path.split(".");
  for (let length = path.length; length > 0; length--) {
    const segments = path
      .slice(0, length)
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node = findNodeAtLocation(root, segments);
    if (node) return { ...issue, message: `${issue.message} (${positionOf(text, node.offset)})` };
  }
  return issue;
}

function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}
