/** A real PostgreSQL for a test file: its own server, on its own port, which ends with the file. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";

const run = promisify(execFile);

/** PostgreSQL refuses to run as root: then it runs as nobody. */
const NOBODY = 65_534;
const START_MS = 30_000;
const HOST = "127.0.0.1";
const ADMIN = "admin";
const PASSWORD = "a password of the tests";

/** Installing it takes minutes where it is not there yet. */
export const POSTGRES_START_MS = 300_000;

export interface TestPostgres {
  readonly port: number;
  readonly password: string;
  /** With which `psql` and the other programs run. */
  readonly environment: Readonly<Record<string, string>>;
  /** The certificate that the server shows, for localhost. */
  readonly caFile: string;
  /** For a source's configuration. `mesh_reader` may read all tables, and nothing else. */
  url(user?: "mesh_reader" | "admin", host?: string): string;
  /** Runs SQL as the institution's own programs do. */
  sql(statement: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection of its own, for a transaction that stays open. */
  connect(): Promise<Client>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<TestPostgres> {
  const { stdout } = await run(join(import.meta.dirname, "install.sh"));
  const programs = stdout.trim();
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-postgres-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(directory, NOBODY, NOBODY);
  const user = { uid: NOBODY, gid: NOBODY };
  const env = environmentOf(programs);
  const spawned = { env, cwd: directory, ...(isRoot && user) };

  const passwordFile = join(directory, "password");
  await writeFile(passwordFile, PASSWORD);
  const data = join(directory, "data");
  const initdb = ["-D", data, "-U", ADMIN, "-E", "UTF8", "--locale", "C", "--no-sync"];
  const auth = ["-A", "scram-sha-256", "--pwfile", passwordFile];
  await run(join(programs, "initdb"), [...initdb, ...auth], spawned);
  const { keyFile, caFile } = await makeCertificate(directory, isRoot);
  const port = await freePort();
  const settings = {
    listen_addresses: HOST,
    unix_socket_directories: directory,
    ssl: "on",
    ssl_cert_file: caFile,
    ssl_key_file: keyFile,
    // Of a database that no one needs tomorrow.
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(join(programs, "postgres"), ["-D", data, "-p", String(port), ...flags], {
    ...spawned,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = async (): Promise<void> => {
    await end(server);
    await rm(directory, { recursive: true, force: true });
  };
  const connect = async (): Promise<Client> => {
    const client = new Client({
      host: HOST,
      port,
      user: ADMIN,
      database: "postgres",
      password: PASSWORD,
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  try {
    const admin = await untilReady(server, connect);
    await admin.query(`
      CREATE ROLE mesh_reader LOGIN PASSWORD '${PASSWORD}';
      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO mesh_reader`);
    return {
      port,
      password: PASSWORD,
      environment: env,
      caFile,
      url: (name = "mesh_reader", host = HOST) => `postgresql://${name}@${host}:${port}/postgres`,
      sql: async (statement, values = []) => (await admin.query(statement, [...values])).rows,
      connect,
      stop: async () => {
        await admin.end();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Unpacked packages bring libraries, too. */
function environmentOf(programs: string): Record<string, string> {
  const root = /^(.*\/\.cache\/postgresql)\//.exec(programs)?.[1];
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
    (abi) => `${root}/usr/lib/${abi}`,
  );
  return {
    PATH: `${programs}:${process.env["PATH"]}`,
    ...(root !== undefined && { LD_LIBRARY_PATH: libraries.join(":") }),
  };
}

async function makeCertificate(
  directory: string,
  isRoot: boolean,
): Promise<{ keyFile: string; caFile: string }> {
  const place = join(directory, "tls");
  await mkdir(place, { mode: 0o755 });
  const keyFile = join(place, "server.key");
  const caFile = join(place, "server.crt");
  const request = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
  ];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  await run("openssl", [...request, ...name, "-keyout", keyFile, "-out", caFile]);
  await chmod(keyFile, 0o600);
  if (isRoot) {
    await chown(place, NOBODY, NOBODY);
    await chown(keyFile, NOBODY, NOBODY);
    await chmod(directory, 0o755);
  }
  return { keyFile, caFile };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function untilReady(server: ChildProcess, connect: () => Promise<Client>): Promise<Client> {
  let log = "";
  server.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (server.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL does not start:\n${log}`, { cause: error });
      }
      await sleep(50);
    }
  }
}

/** Of PostgreSQL, SIGINT ends all sessions and then the server; SIGQUIT at once. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGQUIT");
  await ended;
}
