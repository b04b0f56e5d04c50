/** Remembers the nonces of accepted requests for as long as they could be sent again. */
import type { NodeId } from "../ids.ts";
import { CLOCK_SKEW_S, REQUEST_MAX_AGE_S } from "./message-signature.ts";

/** A request is acceptable from `CLOCK_SKEW_S` before its creation to `REQUEST_MAX_AGE_S + CLOCK_SKEW_S` after. */
const REMEMBER_MS = (REQUEST_MAX_AGE_S + 2 * CLOCK_SKEW_S) * 1000;

/** One process's memory of nonces. */
export class ReplayGuard {
  /** Nonce to when it may be forgotten, oldest first. */
  readonly #seen = new Map<string, number>();

  /** True the first time that this sender's nonce comes; false for a replay. */
  admit(sender: { readonly node: NodeId; readonly nonce: string }, now: number): boolean {
    for (const [name, forgetAt] of this.#seen) {
      if (forgetAt > now) break;
      this.#seen.delete(name);
    }
    const name = `${sender.node}/${sender.nonce}`;
    if (this.#seen.has(name)) return false;
    this.#seen.set(name, now + REMEMBER_MS);
    return true;
  }
}
