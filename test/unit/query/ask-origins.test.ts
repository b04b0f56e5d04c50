import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { nodeIdSchema } from "../../../protocol/ids.ts";
import {
  askOrigins,
  type AskedOrigin,
  type AskOptions,
  type OriginCandidate,
  type OriginOutcome,
} from "../../../protocol/query/ask-origins.ts";
import { rankResults } from "../../../protocol/query/ranking.ts";
import type { OutcomeResult } from "../../../protocol/signed/answer.ts";
import { bytesFrom } from "../support/random.ts";

interface Candidate extends OriginCandidate {
  readonly scores: readonly number[];
  /** Turns of the event loop that it takes to answer. */
  readonly delay: number;
}

function candidateOf(i: number, estimate: number, scores: readonly number[], delay = 1): Candidate {
  const node = nodeIdSchema.parse(toBase64Url(bytesFrom(`origin ${i}`)));
  return { node, organisation: `Hospital ${i}`, estimate, scores, delay };
}

function resultOf(score: number, i: number): OutcomeResult {
  return { reference: `r${i}`, score, features: {}, intervention: {}, result: {} };
}

async function answer(candidate: Candidate): Promise<OriginOutcome> {
  for (let turn = 0; turn < candidate.delay; turn++) await new Promise(setImmediate);
  return {
    status: "answered",
    results: candidate.scores.map(resultOf),
    warnings: [],
    bytesSent: 10,
    bytesReceived: 20,
  };
}

interface Run {
  readonly asked: AskedOrigin[];
  /** Names of the organisations, in the order of asking and of answering. */
  readonly started: string[];
  readonly answered: string[];
  readonly mostAtOnce: number;
}

async function run(
  candidates: readonly Candidate[],
  change: Partial<AskOptions<Candidate>> = {},
): Promise<Run> {
  let running = 0;
  let mostAtOnce = 0;
  const started: string[] = [];
  const answered: string[] = [];
  const options: AskOptions<Candidate> = {
    k: 3,
    maxOrigins: 100,
    exhaustive: false,
    concurrency: 2,
    deviation: () => 0.06,
    now: () => 1000,
    ask: answer,
    ...change,
  };
  const asking = askOrigins(candidates, {
    ...options,
    ask: async (candidate) => {
      started.push(candidate.organisation);
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      const outcome = await options.ask(candidate);
      running -= 1;
      return outcome;
    },
  });
  for (;;) {
    const step = await asking.next();
    if (step.done) return { asked: step.value, started, answered, mostAtOnce };
    answered.push(step.value.origin.organisation);
  }
}

const score = fc.double({ min: 0, max: 1, noNaN: true });
const anyCandidates = fc
  .array(fc.tuple(score, fc.array(score, { maxLength: 4 }), fc.nat(4)), { maxLength: 12 })
  .map((drafts) =>
    drafts.toSorted(([a], [b]) => b - a).map(([e, s, d], i) => candidateOf(i, e, s, d)),
  );

describe("asking origins", () => {
  it("P-53: never asks more than `concurrency` at once, and asks so many where it can", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyCandidates,
        fc.integer({ min: 1, max: 6 }),
        async (candidates, concurrency) => {
          const { mostAtOnce } = await run(candidates, { concurrency, exhaustive: true });
          expect(mostAtOnce).toBe(Math.min(concurrency, candidates.length));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("P-53: reports every candidate once, in the order given, and an event for each that was asked", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyCandidates,
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        async (candidates, maxOrigins, exhaustive) => {
          const { asked, started, answered } = await run(candidates, { maxOrigins, exhaustive });
          expect(asked.map(({ report }) => report.node)).toEqual(
            candidates.map(({ node }) => node),
          );
          expect(answered.toSorted()).toEqual(started.toSorted());
          expect(new Set(started).size).toBe(started.length);
          for (const [i, { report }] of asked.entries()) {
            const wasAsked = started.includes(report.organisation);
            expect(report.status).toBe(
              wasAsked ? "answered" : i < maxOrigins ? "not-needed" : "over-limit",
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("P-53: never asks more than `maxOrigins`, and takes those with the best estimates", async () => {
    const candidates = [0.9, 0.8, 0.7, 0.6].map((e, i) => candidateOf(i, e, [e]));
    const { started, asked } = await run(candidates, { maxOrigins: 2, exhaustive: true });
    expect(started).toEqual(["Hospital 0", "Hospital 1"]);
    expect(asked.map(({ report }) => report.status)).toEqual([
      "answered",
      "answered",
      "over-limit",
      "over-limit",
    ]);
  });

  it("P-53: stops when no origin can improve the top k, and goes on where all shall be asked", async () => {
    const candidates = [
      candidateOf(0, 0.9, [0.95, 0.9, 0.9]),
      candidateOf(1, 0.81, [0.7]),
      candidateOf(2, 0.79, [0.99]),
      candidateOf(3, 0.5, [0.5]),
    ];
    const { started, asked } = await run(candidates, { concurrency: 1 });
    expect(started).toEqual(["Hospital 0", "Hospital 1"]);
    expect(asked[2]?.report.status).toBe("not-needed");
    const all = await run(candidates, { concurrency: 1, exhaustive: true });
    expect(all.started).toHaveLength(4);
  });

  it("P-53: goes on while fewer than k results are in", async () => {
    const candidates = [0.9, 0.2, 0.1, 0.05].map((e, i) => candidateOf(i, e, [e]));
    const { started } = await run(candidates, { concurrency: 1, k: 3, deviation: () => 0 });
    expect(started).toHaveLength(3);
  });

  it("P-53: asks on while the chance of a better outcome elsewhere is above one in twenty", async () => {
    const first = candidateOf(0, 1, [0.5]);
    const options = { k: 1, concurrency: 1, deviation: () => 0.1 };
    // 95 % of a normal distribution lie below 1.6449 standard deviations.
    const likely = await run([first, candidateOf(1, 0.3356, [])], options);
    expect(likely.started).toHaveLength(2);
    const unlikely = await run([first, candidateOf(1, 0.3355, [])], options);
    expect(unlikely.started).toHaveLength(1);
    const many = [1, 2, 3].map((i) => candidateOf(i, 0.3355, []));
    const together = await run([first, ...many], options);
    expect(together.started).toHaveLength(3);
  });

  it("P-53: all origins asked, the ranking equals merging everything", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, fc.integer({ min: 1, max: 10 }), async (candidates, k) => {
        const { asked } = await run(candidates, { exhaustive: true, k });
        const merged = candidates
          .flatMap((c) => c.scores)
          .toSorted((a, b) => b - a)
          .slice(0, k);
        expect(rankResults(asked, k).map((result) => result.score)).toEqual(merged);
      }),
      { numRuns: 50 },
    );
  });

  it("P-53: with exact estimates, stopping early loses nothing", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, fc.integer({ min: 1, max: 5 }), async (drafts, k) => {
        const candidates = drafts
          .map((draft) => ({ ...draft, estimate: Math.max(0, ...draft.scores) }))
          .toSorted((a, b) => b.estimate - a.estimate);
        const scoresOf = async (exhaustive: boolean): Promise<number[]> => {
          const { asked } = await run(candidates, { k, exhaustive, deviation: () => 0 });
          return rankResults(asked, k).map((result) => result.score);
        };
        expect(await scoresOf(false)).toEqual(await scoresOf(true));
      }),
      { numRuns: 50 },
    );
  });

  it("P-53: an origin that fails costs only its own results, and its report says how", async () => {
    const problem = { type: "urn:outcome-mesh:problem:forbidden", title: "no", status: 403 };
    const { asked } = await run([candidateOf(0, 0.9, [0.9]), candidateOf(1, 0.8, [0.8])], {
      ask: async (candidate) => ({
        ...(await answer(candidate)),
        ...(candidate.organisation === "Hospital 0" && { status: "refused", results: [], problem }),
      }),
    });
    expect(asked.map(({ report }) => [report.status, report.results])).toEqual([
      ["refused", 0],
      ["answered", 1],
    ]);
    expect(asked[0]?.report.problem).toEqual(problem);
  });

  it("P-53: yields answers as they come, not in the order of asking", async () => {
    const candidates = [candidateOf(0, 0.9, [0.9], 5), candidateOf(1, 0.8, [0.8], 1)];
    const { started, answered } = await run(candidates);
    expect(started).toEqual(["Hospital 0", "Hospital 1"]);
    expect(answered).toEqual(["Hospital 1", "Hospital 0"]);
  });

  it("P-53: no candidates is no work", async () => {
    expect(await run([])).toEqual({ asked: [], started: [], answered: [], mostAtOnce: 0 });
  });
});
