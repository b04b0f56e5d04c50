/**
 * Entries: signed signature-to-pointer statements, all that a shard ever holds; and tombstones, which
 * withdraw them. Both have one fixed layout, so a shard can be checked byte by byte.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import {
  domainIdSchema,
  nodeIdSchema,
  type DomainId,
  type MeshId,
  type NodeId,
  type PublicKey,
} from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import { SIGNATURE_BYTES, verifySignature, type Identity } from "./ed25519.ts";
import { signedBytes } from "./statement.ts";

/** "Node `node` holds at least `count` outcomes of `domain` near `signature`." A count of 0 is a tombstone. */
export interface Entry {
  readonly node: NodeId;
  readonly domain: DomainId;
  /** The node's epoch: raising it drops all that the node published before. */
  readonly epoch: number;
  /** Grows with every statement of one node about one signature; the highest wins. */
  readonly seq: number;
  readonly count: number;
  /** The S symbols. */
  readonly signature: Uint8Array;
}

/** An entry with its 64-byte Ed25519 signature, as it is stored and sent. */
export type EntryBytes = Uint8Array<ArrayBuffer>;

const VERSION = 1;
/** version 1, node 32, domain 32, epoch 4: alike in all that one origin says of one domain. */
export const ENTRY_ORIGIN_BYTES = 69;
/** The same, seq 8, count 4, symbols 2: then come the symbols, and the 64 bytes of the Ed25519 signature. */
export const ENTRY_HEADER_BYTES = 83;
export const ENTRY_MAX_BYTES = ENTRY_HEADER_BYTES + 1024 + SIGNATURE_BYTES;

export function isTombstone(entry: Entry): boolean {
  return entry.count === 0;
}

/** The entry's bytes before its signature. Throws a RangeError on numbers that do not fit. */
export function encodeEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .u8(VERSION)
    .raw(fromBase64Url(entry.node))
    .raw(fromBase64Url(entry.domain))
    .u32(entry.epoch)
    .u64(entry.seq)
    .u32(entry.count)
    .sized(entry.signature)
    .bytes();
}

/** Reads an entry's statement; says nothing of its truth, which `verifyEntry` does. */
export function decodeEntry(bytes: Uint8Array): Result<Entry, "malformed"> {
  if (bytes.length < ENTRY_HEADER_BYTES + SIGNATURE_BYTES || bytes[0] !== VERSION)
    return err("malformed");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const symbols = view.getUint16(81);
  const seq = view.getUint32(69) * 2 ** 32 + view.getUint32(73);
  if (bytes.length !== ENTRY_HEADER_BYTES + symbols + SIGNATURE_BYTES) return err("malformed");
  if (!Number.isSafeInteger(seq)) return err("malformed");
  return ok({
    node: nodeIdSchema.parse(toBase64Url(bytes.subarray(1, 33))),
    domain: domainIdSchema.parse(toBase64Url(bytes.subarray(33, 65))),
    epoch: view.getUint32(65),
    seq,
    count: view.getUint32(77),
    signature: bytes.slice(ENTRY_HEADER_BYTES, ENTRY_HEADER_BYTES + symbols),
  });
}

export async function signEntry(
  identity: Identity,
  mesh: MeshId,
  entry: Entry,
): Promise<EntryBytes> {
  const body = encodeEntry(entry);
  const signature = await identity.sign(signedBytes(kindOf(entry), mesh, body));
  return new ByteWriter().raw(body).raw(signature).bytes();
}

/** True if the entry in `bytes` was signed for `mesh` by `key`. The caller checks that `key` is its node's. */
export async function verifyEntry(
  bytes: Uint8Array,
  entry: Entry,
  mesh: MeshId,
  key: PublicKey,
): Promise<boolean> {
  const split = bytes.length - SIGNATURE_BYTES;
  const signed = signedBytes(kindOf(entry), mesh, bytes.subarray(0, split));
  return verifySignature(key, bytes.slice(split), signed);
}

function kindOf(entry: Entry): "entry" | "tombstone" {
  return isTombstone(entry) ? "tombstone" : "entry";
}

const ENTRY_KEY_PREFIX = utf8Bytes("outcome-mesh/entry-key/v1\0");

/** 16 bytes that name what an entry is about: its node, domain and signature. */
export function entryKeyOf(
  node: NodeId,
  domain: DomainId,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const input = new ByteWriter()
    .raw(ENTRY_KEY_PREFIX)
    .raw(fromBase64Url(node))
    .raw(fromBase64Url(domain))
    .raw(signature)
    .bytes();
  return Uint8Array.from(sha256(input).subarray(0, 16));
}
