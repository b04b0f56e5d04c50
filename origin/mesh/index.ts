/** The origin's side of the mesh: its members, and what it publishes to them. */
export { createMembership, type Membership } from "./membership.ts";
export { createPeerClient, type PeerClient } from "./peer-client.ts";
export { provisionWorker } from "./provision.ts";
export {
  createPublisher,
  pause,
  type MissingNode,
  type Publication,
  type Publisher,
} from "./publisher.ts";
