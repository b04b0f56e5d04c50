/** A query under way: its events as they come, and its response when it is done. */
import type { QueryEvent, QueryResponse } from "../protocol/index.ts";
import { ProblemError, ProtocolError } from "./problem-error.ts";

/**
 * Iterate it for the events, ask it for the response, or both. Nothing is sent before either. The events can be
 * iterated once; leaving the loop early cancels the query.
 */
export class QueryRun implements AsyncIterable<QueryEvent> {
  readonly #events: AsyncGenerator<QueryEvent, void>;
  #response: QueryResponse | undefined;
  #failure: unknown;

  constructor(events: AsyncGenerator<QueryEvent, void>) {
    this.#events = events;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<QueryEvent, void> {
    try {
      for await (const event of this.#events) {
        if (event.type === "failed") throw new ProblemError(event.problem);
        if (event.type === "done") this.#response = event.response;
        yield event;
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** The ranking with its coverage and cost. Takes the events that no one has iterated. */
  async response(): Promise<QueryResponse> {
    if (!this.#response && this.#failure === undefined) {
      for await (const event of this) if (event.type === "done") break;
    }
    if (this.#response) return this.#response;
    if (this.#failure !== undefined) throw this.#failure;
    throw new ProtocolError("the query ended without a response");
  }
}
