/** An origin that dies again and again, the nodes that it tells, and everyone who asks something of it. */
import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../examples/random.ts";
import { readOriginConfig, type OriginConfig } from "../../../origin/index.ts";
import { signedAnswerSchema, type OutcomeRecord } from "../../../protocol/index.ts";
import { ward, wardRecord } from "../origin-domain.ts";
import { startTestMesh, type TestMesh } from "../origin-mesh.ts";
import { asOperator, postQuery, signedQuery, writeOriginFiles } from "../origin-server.ts";
import { CrashProcess } from "./crash-process.ts";
import { checkAudit, checkMesh, readState, storedContents } from "./invariants.ts";
import { contentOf, CrashLedger, type Content } from "./ledger.ts";

/** What failed is sent again after a second, then two, then four. */
const SETTLE_MS = 30_000;
const POLL_MS = 100;
const DRUGS = ["a", "b", "c", "d", "e"];

export class CrashWorld {
  readonly mesh: TestMesh;
  readonly config: OriginConfig;
  readonly configFile: string;
  readonly groupSize: number;
  readonly random: Random;
  readonly ledger = new CrashLedger();
  origin: CrashProcess;
  #made = 0;
  readonly #file: string;
  readonly #rows = new Map<string, OutcomeRecord>();

  private constructor(
    mesh: TestMesh,
    config: OriginConfig,
    {
      configFile,
      groupSize,
      random,
      origin,
      file,
    }: {
      readonly configFile: string;
      readonly groupSize: number;
      readonly random: Random;
      readonly origin: CrashProcess;
      readonly file: string;
    },
  ) {
    this.mesh = mesh;
    this.config = config;
    this.configFile = configFile;
    this.groupSize = groupSize;
    this.random = random;
    this.origin = origin;
    this.#file = file;
  }

  static async open(groupSize: number, random: Random): Promise<CrashWorld> {
    const mesh = await startTestMesh(3, 2);
    const configFile = await writeOriginFiles(mesh, {
      policy: { minimumGroupSize: groupSize },
      sources: [
        { kind: "file", name: "register", domain: "ward", path: "rows.ndjson", everySeconds: 1 },
      ],
      // Many checkpoints, so that many are cut short.
      audit: { checkpointEntries: 2 },
    });
    const file = join(dirname(configFile), "rows.ndjson");
    await writeFile(file, "");
    const config = await readOriginConfig(configFile, {});
    const origin = await CrashProcess.start(configFile);
    return new CrashWorld(mesh, config, { configFile, groupSize, random, origin, file });
  }

  async close(): Promise<void> {
    await this.origin.kill();
    await this.mesh.stop();
  }

  /** A record with a profile that others may have too. */
  draw(id: string): OutcomeRecord {
    const { random } = this;
    return wardRecord(id, {
      profile: {
        age: 20 * random.below(5),
        sex: random.pick(["female", "male"]),
        signs: [random.pick(["T:fast", "T:slow", "T:cough"])],
        drugs: [random.pick(DRUGS)],
      },
      intervention: { treatment: "rest", dose: this.#made++ },
    });
  }

  newId(prefix: string): string {
    return `${prefix}-${this.#made++}`;
  }

  idsOf(prefix: string): string[] {
    return this.ledger.ids.filter((id) => id.startsWith(`${prefix}-`));
  }

  async deposit(record: OutcomeRecord): Promise<void> {
    this.ledger.begin({ records: new Map([[record.id, contentOf(record)]]), by: "operator" });
    const body = { domain: ward.id, record };
    await this.#ask(() => asOperator(this.origin.url, "POST", "/v1/outcomes", body), 201);
  }

  async withdraw(id: string): Promise<void> {
    this.ledger.begin({ records: new Map([[id, undefined]]), by: "operator" });
    const path = `/v1/outcomes/${ward.id}/${id}`;
    await this.#ask(() => asOperator(this.origin.url, "DELETE", path), 200);
  }

  /** Asks until an answer comes: a node that was restarted takes nothing for some seconds that it may have taken before. */
  async untilAnswering(): Promise<void> {
    for (const end = Date.now() + SETTLE_MS; Date.now() < end; await sleep(POLL_MS)) {
      const before = this.ledger.receipts.length;
      await this.query().catch((error: unknown) => {
        if (!String(error).includes(":not-ready")) throw error;
      });
      if (this.ledger.receipts.length > before) return;
    }
    throw new Error("the origin answers no query");
  }

  /** Keeps the receipt of an answer that left. */
  async query(): Promise<void> {
    const [own, asker] = this.mesh.members;
    if (!asker || !this.origin.isUp) return;
    const { profile } = this.draw("asked");
    const query = { domain: ward.id, profile, k: 5 };
    const sender = { identity: asker.identity, mesh: this.mesh.id, to: own.identity.node };
    const { url } = this.origin;
    const text = await this.#orDead(async () => {
      const response = await postQuery(url, await signedQuery(url, query, sender));
      if (response.status !== 200) throw new Error(await response.text());
      return response.text();
    });
    if (text === undefined) return;
    const { receipt } = signedAnswerSchema.parse(JSON.parse(text)).answer;
    if (!receipt) throw new Error("an answer without a receipt");
    this.ledger.receipts.push(receipt);
  }

  /** Writes other rows into the file that the origin reads. */
  async changeSource(): Promise<void> {
    const { random } = this;
    const put = new Map<string, Content>();
    const set = (id: string): void => {
      const record = this.draw(id);
      this.#rows.set(id, record);
      put.set(id, contentOf(record));
    };
    for (const id of random.sample([...this.#rows.keys()], 5)) set(id);
    for (let i = 0; i < 8; i++) set(this.newId("row"));
    const gone = random
      .sample([...this.#rows.keys()], this.#rows.size - 30)
      .filter((id) => !put.has(id));
    for (const id of gone) this.#rows.delete(id);
    this.ledger.begin({ records: put, by: "source" });
    this.ledger.begin({ records: new Map(gone.map((id) => [id, undefined])), by: "source" });
    const text = [...this.#rows.values()].map((row) => `${JSON.stringify(row)}\n`).join("");
    await writeFile(`${this.#file}.new`, text);
    await rename(`${this.#file}.new`, this.#file);
  }

  /** `origin load` of a file, in batches of 500; dies at a point where that is given. */
  async load(records: readonly OutcomeRecord[], dieAt?: number): Promise<CrashProcess> {
    const file = join(dirname(this.configFile), "load.ndjson");
    await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    for (let start = 0; start < records.length; start += 500) {
      const batch = records.slice(start, start + 500);
      const contents = new Map(batch.map((record) => [record.id, contentOf(record)]));
      this.ledger.begin({ records: contents, by: "load" });
    }
    const options = ["--domain", "ward", "--config", this.configFile];
    const loading = new CrashProcess(["load", file, ...options], dieAt);
    await loading.ended;
    if (loading.exitCode === 0) this.ledger.acknowledge();
    else if (!loading.wasKilled) throw new Error(loading.errors);
    return loading;
  }

  /** Nodes that refuse everything, or no longer do. */
  setNodes(mode: "answer" | "refuse"): void {
    for (const { node } of this.mesh.members) node.mode = mode;
  }

  /** Waits until the outbox is empty, or the origin dead. */
  async drained(): Promise<void> {
    await this.#until(() => readState(this.config.database).waiting === 0);
  }

  /** Waits until the origin holds what its file has, or is dead. */
  async sourceRead(): Promise<void> {
    await this.#until(() => this.#isSourceRead(storedContents(readState(this.config.database))));
  }

  async #until(isDone: () => boolean): Promise<void> {
    for (const end = Date.now() + SETTLE_MS; Date.now() < end; await sleep(POLL_MS)) {
      if (!this.origin.isUp || isDone()) return;
    }
  }

  #isSourceRead(stored: ReadonlyMap<string, string>): boolean {
    return (
      [...this.#rows].every(([id, record]) => stored.get(id) === contentOf(record)) &&
      [...stored.keys()].every((id) => !id.startsWith("row-") || this.#rows.has(id))
    );
  }

  /** Starts the origin where it is dead, and waits until all is quiet; what then is amiss. */
  async settle(): Promise<string[]> {
    this.setNodes("answer");
    if (!this.origin.isUp) this.origin = await CrashProcess.start(this.configFile);
    let amiss: string[] = [];
    for (const end = Date.now() + SETTLE_MS; Date.now() < end; await sleep(POLL_MS)) {
      const state = readState(this.config.database);
      const stored = storedContents(state);
      amiss = [
        ...(state.waiting > 0 ? [`${state.waiting} statements wait`] : []),
        ...(this.#isSourceRead(stored) ? [] : ["the source was not read"]),
      ];
      if (amiss.length === 0) amiss = checkMesh(this.mesh, state, this.groupSize);
      if (amiss.length > 0) continue;
      return [
        ...this.ledger.settle(stored),
        ...(await checkAudit(this.config, state, this.ledger)),
      ];
    }
    return amiss;
  }

  async #ask(send: () => Promise<Response>, status: number): Promise<void> {
    if (!this.origin.isUp) return;
    const response = await this.#orDead(async () => {
      const answer = await send();
      return { status: answer.status, text: await answer.text() };
    });
    if (!response) return;
    if (response.status !== status) throw new Error(`${response.status} ${response.text}`);
    this.ledger.acknowledge();
  }

  /** Undefined where it failed because the origin died. */
  async #orDead<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      await Promise.race([this.origin.ended, sleep(1000)]);
      if (this.origin.isUp) throw error;
      return undefined;
    }
  }
}
