/** What a request turns out to be while it is served, for its line in the log and for metrics. No value of a record. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { DomainId, NodeId } from "../../protocol/index.ts";

export interface RequestNotes {
  /** The member that sent it, once that is verified. */
  sender?: NodeId;
  /** One that this origin serves. */
  domain?: DomainId;
  /** What became of an answered query: `released`, or as the policy decided. */
  decision?: string;
  /** Outcomes in the answer. */
  results?: number;
}

const current = new AsyncLocalStorage<RequestNotes>();

/** Runs what serves a request; returns what was noted meanwhile. */
export async function takingNotes(serve: () => Promise<void>): Promise<RequestNotes> {
  const notes: RequestNotes = {};
  await current.run(notes, serve);
  return notes;
}

/** Adds to the notes of the request that is served. */
export function noteRequest(notes: RequestNotes): void {
  Object.assign(current.getStore() ?? {}, notes);
}
