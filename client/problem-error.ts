/** What the SDK throws when the other side says no, or can not be understood. */
import {
  parseJson,
  problemCode,
  problemSchema,
  type Problem,
  type ProblemCode,
} from "../protocol/index.ts";

/** The gateway refused: `problem` is its problem document, `code` what it says in one word. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly code: ProblemCode | undefined;

  constructor(problem: Problem) {
    const fields = problem.errors?.map(({ path, message }) => `${path} ${message}`) ?? [];
    super([problem.title, problem.detail, ...fields].filter(Boolean).join("; "));
    this.name = "ProblemError";
    this.problem = problem;
    this.code = problemCode(problem);
  }
}

/** The gateway answered something that is not the protocol. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProtocolError";
  }
}

/** The error that a response other than success means. */
export function errorOf(status: number, text: string): ProblemError | ProtocolError {
  const json = parseJson(text);
  const problem = problemSchema.safeParse(json.ok ? json.value : undefined);
  if (problem.success) return new ProblemError(problem.data);
  return new ProtocolError(`the gateway answered ${status} without a problem document`);
}
