/** Problem documents (RFC 9457): the one place that maps a code to what the caller sees. */
import { z } from "zod";
import { statementSchema, type Statement } from "../membership/statements.ts";
import { PROVING_STATEMENTS_MAX } from "../messages/membership.ts";
import { issueSchema, type Issue } from "../result.ts";

const PROBLEMS = {
  "bad-request": { status: 400, title: "The request is not valid" },
  unauthorized: { status: 401, title: "The request does not say who asks" },
  "unknown-sealing-key": { status: 400, title: "The query is sealed to a key not known here" },
  forbidden: { status: 403, title: "The asker may not do this" },
  "sealing-required": { status: 403, title: "Queries must be sealed here" },
  "not-found": { status: 404, title: "There is nothing here" },
  "unknown-domain": { status: 404, title: "This node does not know the domain" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  "too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body must be JSON" },
  misdirected: { status: 421, title: "This node does not serve these slots" },
  "bad-profile": { status: 422, title: "The profile or record does not fit the domain" },
  "rate-limited": { status: 429, title: "Too many requests" },
  conflict: { status: 409, title: "The request conflicts with what is stored" },
  internal: { status: 500, title: "Something went wrong here" },
  "domain-secret-missing": { status: 503, title: "This node lacks the domain's secret" },
  "not-ready": { status: 503, title: "This node is not set up yet" },
  "origin-unavailable": { status: 503, title: "The origin is not connected, or does not answer" },
  "origin-busy": { status: 503, title: "The origin has too much to do" },
  "too-late": { status: 504, title: "The time that the asker waits is over" },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;
const PREFIX = "urn:outcome-mesh:problem:";
/** So that a problem document stays below the 64 kB that an asker reads of one. */
const ERRORS_MAX = 100;
const PATH_MAX_LENGTH = 200;
const MESSAGE_MAX_LENGTH = 300;
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  /** Each offending field. */
  errors: z.array(issueSchema).optional(),
  /** What the asker seems not to know of the membership. The code stands, even if these can not be read. */
  statements: z.array(statementSchema).max(PROVING_STATEMENTS_MAX).optional().catch(undefined),
});
export type Problem = z.infer<typeof problemSchema>;

export interface ProblemDetails {
  readonly detail?: string;
  readonly statements?: readonly Statement[];
  readonly errors?: readonly Issue[];
}

export function problemOf(
  code: ProblemCode,
  { detail, errors, statements }: ProblemDetails = {},
): Problem {
  const { status, title } = PROBLEMS[code];
  return {
    type: PREFIX + code,
    title,
    status,
    ...(detail !== undefined && { detail }),
    ...(errors && errors.length > 0 && { errors: errors.slice(0, ERRORS_MAX).map(clipIssue) }),
    ...(statements && { statements: statements.slice(0, PROVING_STATEMENTS_MAX) }),
  };
}

/** Names and values in an issue are the sender's: a megabyte of them is not sent back. */
function clipIssue({ path, message }: Issue): Issue {
  return { path: clip(path, PATH_MAX_LENGTH), message: clip(message, MESSAGE_MAX_LENGTH) };
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text;
}

export function problemResponse(
  code: ProblemCode,
  details?: ProblemDetails,
  headers?: Readonly<Record<string, string>>,
): Response {
  const problem = problemOf(code, details);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { ...headers, "content-type": PROBLEM_MEDIA_TYPE },
  });
}

/** The code of a problem document, if it is one of ours. */
export function problemCode(problem: Problem): ProblemCode | undefined {
  const code = problem.type.startsWith(PREFIX) ? problem.type.slice(PREFIX.length) : "";
  return isProblemCode(code) ? code : undefined;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** Thrown where a request is refused; the outermost handler answers with its problem document. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
  /** Header fields of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    details: ProblemDetails = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(details.detail ?? code);
    this.code = code;
    this.details = details;
    this.headers = headers;
  }

  toResponse(): Response {
    return problemResponse(this.code, this.details, this.headers);
  }
}

/** What the outermost handler answers to whatever was thrown; `log` hears of what is no refusal. */
export function answerToError(error: unknown, log: (error: unknown) => void): Response {
  if (error instanceof Refusal) return error.toResponse();
  log(error);
  return problemResponse("internal");
}
