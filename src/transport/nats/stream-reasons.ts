/**
 * Why streams over a broker close. None of these quotes a peer.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { REFUSED, VERSION, WHY } from "./stream-frames.ts";

/** What a peer's reset means. */
export function resetBy(why: number): CloseReason {
  switch (why) {
    case WHY.gap:
      return { ...GAP, message: "something that this side sent has not reached the peer, or twice" };
    case WHY.broken:
      return {
        kind: "reset",
        message: "the peer says that this side broke the rules of streams over a broker",
      };
    case WHY.unknown:
      return { kind: "reset", code: "unknown", message: "the peer does not know the connection any more" };
    case WHY.silent:
      return { kind: "reset", code: "deadPeerMs", message: "the peer has not heard this side for too long" };
    default:
      return { kind: "reset", message: "the peer reset the connection" };
  }
}

/** What a listener's refusal means. */
export function refused(why: number): CloseReason {
  if (why !== REFUSED.version) return { kind: "refused", message: "the listener rejected the connection" };
  const message = `the listener does not speak version ${VERSION} of streams over a broker`;
  return { kind: "protocol", message };
}

/** Nobody hears a name. */
export function nobodyListens(name: string): CloseReason {
  return { kind: "refused", code: "no-responders", message: `nobody listens as ${name}` };
}

/** Somebody listens under the name already. */
export function inUse(name: string): CloseReason {
  return { kind: "address-in-use", message: `another listener has the name ${name}` };
}

/** The peer is there, and says nothing. */
export function silent(deadPeerMs: number): CloseReason {
  return {
    kind: "timeout",
    code: "deadPeerMs",
    message: `the peer was silent for ${deadPeerMs} ms`,
  };
}

export const GAP: CloseReason = {
  kind: "reset",
  code: "gap",
  message: "something that the peer sent has not come, or came twice",
};
export const GONE: CloseReason = {
  kind: "reset",
  code: "no-responders",
  message: "the peer's process is gone, or its connection to the broker",
};
export const BROKEN: CloseReason = {
  kind: "protocol",
  message: "the peer sent what is no frame of a stream over a broker",
};
export const NO_REQUEST: CloseReason = {
  kind: "protocol",
  message: "somebody asked for a stream over the broker in no way that is known",
};
export const OTHER_VERSION: CloseReason = {
  kind: "protocol",
  message: `somebody asked for a stream over the broker in another version than ${VERSION}`,
};
export const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
export const ABORTED: CloseReason = { kind: "local", message: "this side aborted the connection" };
export const LISTENER_CLOSED: CloseReason = { kind: "local", message: "this side closed the listener" };
