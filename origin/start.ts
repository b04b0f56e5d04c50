/** Puts an origin together from its configuration, and takes it apart again in the right order. */
import { MemberGuard, openIdentity, type DomainId } from "../protocol/index.ts";
import { createHoldings, keepCohorts } from "./answering/index.ts";
import { AuditLog, auditedSettings, QueryTrails } from "./audit/index.ts";
import type { OriginConfig } from "./config.ts";
import { linkPart, startLink, type RunningLink } from "./link/index.ts";
import { loadDomains } from "./domains.ts";
import { startListener } from "./listener.ts";
import { logEvent, logFailure, setLogLevel } from "./log.ts";
import {
  createMembership,
  createPeerClient,
  createPublisher,
  provisionWorker,
  type Publication,
} from "./mesh/index.ts";
import { policiesOf, publicationsOf } from "./policies.ts";
import { Sealing } from "./sealing/index.ts";
import { createServer } from "./server.ts";
import { createSourceRunner, openSources, sourcePart, type Source } from "./sources/index.ts";
import { createStatus, type StatusPart } from "./status/index.ts";
import { lockDatabase, openStore } from "./store/index.ts";
import { createMetrics } from "./telemetry/index.ts";

/** What can not be told to the mesh in this time when the origin stops is told when it starts again. */
const FLUSH_MS = 10_000;

export interface RunningOrigin {
  /** Base URL at which it listens. */
  readonly url: string;
  /** Sends the mesh what waits, now. The origin also does so by itself. */
  publish(): Promise<Publication>;
  /** Accepts no more requests, finishes those it has, tells the mesh what is due, and closes the database. */
  close(): Promise<void>;
}

/**
 * Starts an origin. It does not wait for its Worker: what the mesh has to hear waits in the outbox.
 * Throws a `ConfigError`, a `DatabaseInUseError`, or the system's error where it can not open its database or listen.
 */
export async function startOrigin(config: OriginConfig): Promise<RunningOrigin> {
  setLogLevel(config.logLevel);
  const identity = await openIdentity(config.key);
  const loaded = await loadDomains(config);
  const sources = await openSources(config, loaded.domains);
  const lock = lockDatabase(config.database);
  try {
    const origin = await startLocked(config, identity, loaded, sources);
    let closed: Promise<void> | undefined;
    return { ...origin, close: () => (closed ??= origin.close().finally(lock.release)) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(
  config: OriginConfig,
  identity: Awaited<ReturnType<typeof openIdentity>>,
  loaded: Awaited<ReturnType<typeof loadDomains>>,
  sources: readonly Source[],
): Promise<RunningOrigin> {
  const { database, meshId: mesh, meshUrl, allowedHosts, policy, operatorToken } = config;
  const { domains } = loaded;
  const now = Date.now;
  const policies = policiesOf(config, domains);
  const store = openStore(database, domains, { publications: publicationsOf(policies) });
  const closing = new AbortController();
  const { signal } = closing;
  try {
    const holdings = await createHoldings({ store, domains, policies, database, now });
    const own = { node: identity.node, key: identity.publicKey, meshUrl };
    const client = createPeerClient({ identity, mesh, meshUrl, allowedHosts, signal });
    const guard = new MemberGuard(store.floors);
    const sealing = await Sealing.open(config.sealing, identity.node);
    const membership = createMembership({
      client,
      mesh,
      own,
      onView: (view) => sealing.check(view),
    });
    const metrics = createMetrics((id: DomainId) => holdings.indexes.get(id)?.compiled.domain.name);
    const { published: onPass, queries } = metrics;
    const publisher = createPublisher({ store, identity, mesh, client, membership, onPass });
    // Every part that has something to say of itself adds a line here.
    let link: RunningLink | undefined;
    const parts: StatusPart[] = [
      sealing,
      ...(config.link.enabled ? [linkPart(() => link?.report())] : []),
      ...sources.map((source) => sourcePart(store, source)),
    ];
    const status = createStatus({
      identity,
      mesh,
      store,
      database,
      domains,
      membership,
      isForming: (id) => holdings.cohorts.get(id)?.isBehind ?? false,
      queries,
      parts,
      now,
    });
    const sourceRunner = createSourceRunner({ store, sources, database });
    const audit = new AuditLog({
      tables: store.audit,
      identity,
      mesh,
      config: config.audit,
      now,
      onFailure: (error) => logFailure("checkpoint", error),
    });
    await audit.start(auditedSettings(config, domains));
    const app = createServer({
      identity,
      mesh,
      operatorToken,
      policy,
      sealing,
      ...holdings,
      membership,
      publisher,
      guard,
      metrics,
      status,
      trails: new QueryTrails(audit, now),
    });
    const listener = await startListener(app.fetch, config.listen);
    const { enabled: linked, maxInFlight } = config.link;
    if (linked) link = startLink({ identity, mesh, meshUrl, maxInFlight, handle: app.fetch });
    const provisioned = provisionWorker({
      client,
      own,
      loaded,
      linked,
      sealingKey: sealing.publicKey,
      signal,
    });
    publisher.start();
    sourceRunner.start();
    for (const index of holdings.indexes.values()) index.follow();
    const kept = keepCohorts(holdings, signal);
    logEvent("started", { url: listener.url, node: identity.node, mesh });
    const close = async (): Promise<void> => {
      await Promise.all([listener.stop(), link?.stop()]);
      await publisher.flush(FLUSH_MS);
      closing.abort();
      await Promise.all([sourceRunner.stop(), publisher.stop(), provisioned, kept]);
      guard.settle();
      await Promise.all([...holdings.indexes.values()].map((index) => index.close()));
      await audit.close();
      const { entries: waiting, unacknowledged } = store.waiting();
      logEvent("stopped", { node: identity.node, waiting, unacknowledged });
      store.close();
    };
    return { url: listener.url, publish: () => publisher.drain(), close };
  } catch (error) {
    closing.abort();
    store.close();
    throw error;
  }
}
