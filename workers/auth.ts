/** Who may call: anyone, a requester with the token, a member by its signature, or this node's own key. */
import { timingSafeEqual } from "hono/utils/buffer";
import { membershipView } from "../durable-objects/membership-view.ts";
import { guardStub } from "../durable-objects/stubs.ts";
import {
  Refusal,
  requireAdmitted,
  verifyRequest,
  type MembershipView,
  type NodeId,
  type Quota,
  type ReceivedRequest,
  type Sender,
} from "../protocol/index.ts";
import type { NodeContext } from "./node-context.ts";

export type Access =
  | "public"
  | "requester"
  | "member"
  | "requester-or-member"
  | "requester-or-own-node"
  | "own-node"
  | "asker";

/** A stranger may be a member that this isolate has not heard of: look again, but not at every stranger's bidding. */
const STRANGER_REFRESH_MS = 2_000;

/** A member that may call, and what it may still send here; its requests to the origin the origin counts. */
export interface Admitted extends Sender {
  readonly quota?: Quota;
}

/**
 * Returns in whose name the request was sent, where a member sent it. Refuses whoever may not; `onSender` hears
 * who a verified sender is, also where it is refused.
 */
export async function authorize(
  node: NodeContext,
  access: Access,
  request: ReceivedRequest,
  onSender: (sender: NodeId) => void,
): Promise<Admitted | undefined> {
  switch (access) {
    case "public":
      return undefined;
    case "requester":
      await requireToken(node, request);
      return undefined;
    case "requester-or-member":
      if (request.headers.has("authorization")) {
        await requireToken(node, request);
        return undefined;
      }
      return requireMember(node, request, onSender);
    case "member":
      return requireMember(node, request, onSender);
    case "requester-or-own-node":
      if (request.headers.has("authorization")) {
        await requireToken(node, request);
        return undefined;
      }
      return requireOwnNode(node, request, onSender);
    case "own-node":
      return requireOwnNode(node, request, onSender);
    case "asker":
      return requireSignature(node, request, onSender, true);
  }
}

async function requireOwnNode(
  node: NodeContext,
  request: ReceivedRequest,
  onSender: (sender: NodeId) => void,
): Promise<Admitted> {
  const sender = await requireMember(node, request, onSender);
  if (sender.node === node.identity.node) return sender;
  throw new Refusal("forbidden", { detail: "only this node's own operator may do this" });
}

async function requireToken(node: NodeContext, request: ReceivedRequest): Promise<void> {
  const header = request.headers.get("authorization") ?? "";
  const isKnown = await timingSafeEqual(header, `Bearer ${node.requesterToken}`);
  if (!isKnown) throw new Refusal("unauthorized", { detail: "needs this node's requester token" });
}

async function requireMember(
  node: NodeContext,
  request: ReceivedRequest,
  onSender: (sender: NodeId) => void,
): Promise<Admitted> {
  const sender = await requireSignature(node, request, onSender, false);
  const { node: member, nonce, created } = sender;
  const verdict = await guardStub(node.env, member).admit(
    { node: member, nonce, created },
    node.now(),
    node.memberRate,
  );
  return { ...sender, quota: requireAdmitted(verdict) };
}

/** Not whether the request was sent before: whoever guards against that must see each request once. */
async function requireSignature(
  node: NodeContext,
  request: ReceivedRequest,
  onSender: (sender: NodeId) => void,
  acceptsDelegates: boolean,
): Promise<Sender> {
  const view = await membershipView(node.env, node.now());
  let sender = await verifyWith(node, request, view, acceptsDelegates);
  if (!sender.ok && sender.error === "forbidden") {
    const newer = await membershipView(node.env, node.now(), STRANGER_REFRESH_MS);
    if (newer !== view) sender = await verifyWith(node, request, newer, acceptsDelegates);
  }
  if (!sender.ok) {
    const detail =
      sender.error === "forbidden"
        ? "the sender is not a live member of this mesh"
        : "needs a member's valid, fresh HTTP message signature";
    throw new Refusal(sender.error, { detail });
  }
  onSender(sender.value.node);
  return sender.value;
}

function verifyWith(
  node: NodeContext,
  request: ReceivedRequest,
  view: MembershipView | undefined,
  acceptsDelegates: boolean,
): ReturnType<typeof verifyRequest> {
  const { identity } = node;
  return verifyRequest(request, {
    mesh: node.mesh,
    self: identity.node,
    now: node.now(),
    // The node's own key is good before there are members: that is how it is given them.
    keyOf: (id) => (id === identity.node ? identity.publicKey : view?.live(id, node.now())?.key),
    acceptsDelegates,
  });
}
