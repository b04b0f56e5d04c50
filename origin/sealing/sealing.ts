/**
 * What an origin seals with, and whether the mesh knows of it. Its own Worker signs the node's descriptors: one that
 * was broken into could announce another key. What it tells its origin is looked at, and said where it is wrong.
 */
import type {
  MembershipView,
  NodeId,
  SealingKey,
  SealingKeyPair,
  Statement,
} from "../../protocol/index.ts";
import { logEvent } from "../log.ts";
import type { PartReport, StatusPart } from "../status/index.ts";
import type { SealingConfig } from "./config.ts";
import { openSealingKeys } from "./key-file.ts";

/** Whose sealing key the node's descriptor carries. `unknown`: there is no descriptor of a live member. */
export type AnnouncedKey = "own" | "previous" | "none" | "another" | "unknown";

const RESTART =
  "a restart of the origin tells its Worker; if it stays so, the Worker may be in other hands";
/** What the operator should know of it. */
const STATE_OF_ANNOUNCED: Readonly<Record<AnnouncedKey, [PartReport["state"], string]>> = {
  own: ["ok", "the mesh is told the origin's key"],
  previous: ["ok", "the mesh is still told a previous key"],
  unknown: ["attention", "the mesh is not yet told the origin's key"],
  none: ["failing", `the mesh is told no key, so queries come unsealed: ${RESTART}`],
  another: ["failing", `the mesh is told a key that is not this origin's: ${RESTART}`],
};

export class Sealing implements StatusPart {
  readonly mode: SealingConfig["mode"];
  /** The key of today first. */
  readonly keys: readonly [SealingKeyPair, ...SealingKeyPair[]];
  readonly #node: NodeId;
  #announced: AnnouncedKey = "unknown";
  #view: MembershipView | undefined;

  /** Throws a `ConfigError`. */
  static async open(config: SealingConfig, node: NodeId): Promise<Sealing> {
    const { current, previous, isNew } = await openSealingKeys(config);
    // Expected once: later it means that the file went away, or that its path is wrong.
    if (isNew) logEvent("sealing-key-made", { file: config.keyFile });
    return new Sealing(config.mode, [current, ...previous], node);
  }

  private constructor(mode: SealingConfig["mode"], keys: Sealing["keys"], node: NodeId) {
    this.mode = mode;
    this.keys = keys;
    this.#node = node;
  }

  get publicKey(): SealingKey {
    return this.keys[0].publicKey;
  }

  /** The node's descriptor, for askers who do not know the key of today. */
  get statements(): Statement[] {
    const descriptor = this.#view?.descriptorOf(this.#node);
    return descriptor ? [{ type: "descriptor", descriptor }] : [];
  }

  /** To be called with every view of the mesh. Logs each change to the worse, and back. */
  check(view: MembershipView): void {
    this.#view = view;
    const announced = this.#announcedIn(view);
    if (announced === this.#announced) return;
    const isNews = announced !== "own" || this.#announced !== "unknown";
    this.#announced = announced;
    if (isNews) logEvent("sealing-key-announced", { announced });
  }

  report(): PartReport {
    const [state, summary] = STATE_OF_ANNOUNCED[this.#announced];
    const details = { mode: this.mode, key: this.publicKey, announced: this.#announced };
    return { name: "sealing", state, summary: `${this.mode}; ${summary}`, details };
  }

  #announcedIn(view: MembershipView): AnnouncedKey {
    const descriptor = view.descriptorOf(this.#node)?.descriptor;
    if (!descriptor) return "unknown";
    const { sealingKey } = descriptor;
    if (sealingKey === undefined) return "none";
    const index = this.keys.findIndex(({ publicKey }) => publicKey === sealingKey);
    return index === -1 ? "another" : index === 0 ? "own" : "previous";
  }
}
