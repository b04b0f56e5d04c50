import { describe, expect, it } from "vitest";
import {
  problemCode,
  problemOf,
  problemSchema,
  Refusal,
  type ProblemCode,
} from "../../../protocol/http/problem.ts";

const STATUSES: Record<ProblemCode, number> = {
  "bad-request": 400,
  unauthorized: 401,
  "unknown-sealing-key": 400,
  forbidden: 403,
  "sealing-required": 403,
  "not-found": 404,
  "unknown-domain": 404,
  "method-not-allowed": 405,
  conflict: 409,
  "rate-limited": 429,
  "too-large": 413,
  "unsupported-media-type": 415,
  misdirected: 421,
  "bad-profile": 422,
  internal: 500,
  "domain-secret-missing": 503,
  "not-ready": 503,
  "origin-unavailable": 503,
  "origin-busy": 503,
  "too-late": 504,
};

describe("problem documents", () => {
  it.each(Object.entries(STATUSES))(
    "P-51: %s is status %d, and its type gives the code back",
    async (name, status) => {
      const known = problemCode({
        ...problemOf("internal"),
        type: `urn:outcome-mesh:problem:${name}`,
      });
      if (!known) throw new Error(`${name} is not known`);
      const response = new Refusal(known).toResponse();
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const sent = problemSchema.parse(await response.json());
      expect(problemCode(sent)).toBe(name);
      expect(sent.status).toBe(status);
    },
  );

  it("P-51: carries a detail and the offending fields, at most 100", () => {
    const errors = Array.from({ length: 101 }, (_, i) => ({ path: String(i), message: "is bad" }));
    const problem = problemOf("bad-request", { detail: "no", errors });
    expect(problem.detail).toBe("no");
    expect(problem.errors).toEqual(errors.slice(0, 100));
    expect(problemOf("forbidden")).not.toHaveProperty("errors");
  });

  it("P-51: cuts long paths and messages: 100 of the largest stay below 64 kB", () => {
    const long = { path: "p".repeat(100_000), message: "m".repeat(100_000) };
    const problem = problemOf("bad-request", { errors: Array.from({ length: 100 }, () => long) });
    expect(JSON.stringify(problem).length).toBeLessThan(65_536);
    expect(problem.errors?.[0]?.path).toBe(`${"p".repeat(200)}…`);
    const whole = { path: "p".repeat(200), message: "m".repeat(300) };
    expect(problemOf("bad-request", { errors: [whole] }).errors).toEqual([whole]);
  });

  it.each(["about:blank", "urn:outcome-mesh:problem:constructor", "bad-request", ""])(
    "P-51: the type %j is none of ours",
    (type) => {
      expect(problemCode({ type, title: "x", status: 400 })).toBeUndefined();
    },
  );
});
