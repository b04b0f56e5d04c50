/** Who sent a request: a member of the mesh or its client by signature, or the own operator by token. */
import { createHash, timingSafeEqual } from "node:crypto";
import {
  Refusal,
  requireAdmitted,
  verifyRequest,
  type NodeId,
  type Quota,
  type ReceivedRequest,
  type Sender,
} from "../protocol/index.ts";
import type { OriginContext } from "./context.ts";

/**
 * In whose name the request was sent. Refuses who is no member or sends too much, and every replay; `onSender`
 * hears who a verified sender is, also where it is refused.
 */
export async function requireMember(
  context: OriginContext,
  request: ReceivedRequest,
  onSender: (sender: NodeId) => void,
): Promise<Sender & { readonly quota: Quota }> {
  const { membership, identity, mesh, guard, policy, now } = context;
  const verify = (): ReturnType<typeof verifyRequest> =>
    verifyRequest(request, {
      mesh,
      self: identity.node,
      now: now(),
      keyOf: (node) => membership.view?.live(node, now())?.key,
      acceptsDelegates: true,
    });
  let sender = await verify();
  if (!sender.ok && sender.error === "forbidden" && (await membership.refreshForStranger())) {
    sender = await verify();
  }
  if (!sender.ok) {
    if (!membership.view) {
      throw new Refusal("not-ready", { detail: "the origin does not know its mesh's members yet" });
    }
    const detail =
      sender.error === "forbidden"
        ? "the sender is not a live member of this mesh"
        : "needs a member's valid, fresh HTTP message signature";
    throw new Refusal(sender.error, { detail });
  }
  onSender(sender.value.node);
  const verdict = guard.admit(sender.value, now(), policy.requestsPerMinute);
  return { ...sender.value, quota: requireAdmitted(verdict) };
}

/** Refuses a request without the operator's token. */
export function requireOperator({ operatorToken }: OriginContext, headers: Headers): void {
  const given = headers.get("authorization") ?? "";
  if (!timingSafeEqual(digest(given), digest(`Bearer ${operatorToken}`))) {
    throw new Refusal("unauthorized", { detail: "needs the operator's token" });
  }
}

/** Equal lengths, which a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
