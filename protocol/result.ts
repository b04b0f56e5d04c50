/** Expected failures are values. `code` is a union that carries its evidence beside it. */
import { z } from "zod";

export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** What is wrong with a document, and where: `path` is dotted, such as `features.2.tolerance`. */
export const issueSchema = z.object({ path: z.string(), message: z.string() });
export type Issue = Readonly<z.infer<typeof issueSchema>>;

interface ZodLikeIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The issues of a zod error, in the form that problem documents and commands print. */
export function issuesOf(
  error: { readonly issues: readonly ZodLikeIssue[] },
  prefix = "",
): Issue[] {
  return error.issues.map((issue) => ({
    path: [prefix, ...issue.path.map(String)].filter((part) => part !== "").join("."),
    message: issue.message,
  }));
}
