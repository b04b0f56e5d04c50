/** Requests of the bad-input tests, what came back, and what every refusal must look like. */
import { request, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { z } from "zod";
import { problemSchema, type Problem, type ProblemCode } from "../../../protocol/index.ts";

export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Larger bodies wait until the receiver wants them: it may refuse and close, and then its answer could be lost. */
const LARGE_BYTES = 65_536;

export interface SendOptions {
  /** Send the body in pieces, without saying how long it is, and never end it: for what is refused before. */
  readonly endless?: boolean;
}

/**
 * Sends exactly what it is given. Not by `fetch`, which adds headers, sends a request again when the answer is
 * 421, and does not see an answer that comes before its body is sent.
 */
export function send(
  { method, url, headers, body }: Outgoing,
  { endless = false }: SendOptions = {},
): Promise<Answer> {
  const isLarge = body !== undefined && body.length > LARGE_BYTES;
  const framing = endless
    ? { "transfer-encoding": "chunked" }
    : body && { "content-length": String(body.length), ...(isLarge && { expect: "100-continue" }) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers, ...framing }, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      text(incoming)
        .then((whole) => {
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: whole });
          outgoing.destroy();
        })
        .catch(reject);
    });
    if (endless) outgoing.write(body);
    else if (isLarge) outgoing.on("continue", () => outgoing.end(body));
    else outgoing.end(body);
    if (isLarge) outgoing.flushHeaders();
  });
}

/** Checks an answer's status alone. */
export function expectStatus(answer: Answer, status: number, title = ""): void {
  expect(answer.status, `${title}: ${answer.text}`).toBe(status);
}

/** Checks that `answer` is the problem document of `code`, and returns it. */
export function expectProblem(
  answer: Answer,
  status: number,
  code: ProblemCode,
  title = "",
): Problem {
  const what = `${title}: ${answer.text}`;
  expect(answer.status, what).toBe(status);
  expect(answer.headers["content-type"], what).toBe("application/problem+json");
  const problem = z.strictObject(problemSchema.shape).parse(JSON.parse(answer.text));
  expect(problem.type, what).toBe(`urn:outcome-mesh:problem:${code}`);
  expect(problem.status, what).toBe(status);
  return problem;
}

/** Checks that `answer` refuses the field at `path`. */
export function expectFieldProblem(
  answer: Answer,
  status: number,
  code: ProblemCode,
  path: string,
  title: string,
): void {
  const problem = expectProblem(answer, status, code, title);
  const paths = (problem.errors ?? []).map((issue) => issue.path);
  expect(paths, `${title}: ${answer.text}`).toContain(path);
}

/** Runs `work` on every item, a few at a time. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  atOnce = 8,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
