/** Who is in the simulated mesh and when: every node's identity, arrival, renewals and departure, drawn beforehand. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Random } from "../../examples/random.ts";
import { nodeIdSchema, toBase64Url, utf8Bytes, type NodeId } from "../../protocol/index.ts";

/** Descriptors are renewed hourly. */
export const RENEW_S = 3600;
/** A node that leaves in order is drained for so long before its lease ends. */
export const DRAIN_S = 300;

export type Departure = "leaves" | "crashes" | "is revoked";

export interface Inhabitant {
  readonly node: NodeId;
  /** Seconds; 0 for those who are there from the start. */
  readonly arrivesAt: number;
  /** Infinity for those who stay. */
  readonly departsAt: number;
  readonly departure: Departure;
  /** When in its hour it renews. */
  readonly phase: number;
}

export interface PopulationOptions {
  readonly nodes: number;
  readonly seconds: number;
  /** Share of the nodes that arrives in an hour; as many depart, every other one without a word, every tenth revoked. */
  readonly churnPerHour: number;
}

export function drawPopulation(options: PopulationOptions, random: Random): Inhabitant[] {
  const { nodes, seconds, churnPerHour } = options;
  const moving = Math.round((nodes * churnPerHour * seconds) / 3600);
  const leavers = new Map(
    random
      .sample(
        Array.from({ length: nodes }, (_, i) => i),
        Math.min(moving, nodes),
      )
      .map((i, n) => [i, { at: random.unit() * seconds, how: departureOf(n) }] as const),
  );
  return Array.from({ length: nodes + moving }, (_, i) => {
    const leaver = leavers.get(i);
    return {
      node: nodeIdSchema.parse(toBase64Url(sha256(utf8Bytes(`node ${i}`)))),
      arrivesAt: i < nodes ? 0 : random.unit() * seconds,
      departsAt: leaver?.at ?? Infinity,
      departure: leaver?.how ?? "leaves",
      phase: random.unit() * RENEW_S,
    };
  });
}

function departureOf(number: number): Departure {
  if (number % 10 === 1) return "is revoked";
  return number % 2 === 0 ? "crashes" : "leaves";
}
