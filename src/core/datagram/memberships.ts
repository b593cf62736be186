/**
 * The groups and subjects that a game joins before its socket is bound: they wait, in
 * order, as a socket that is not bound cannot join. What the system says then is no
 * mistake of the call any more, and becomes the socket's failure.
 */
import { isText } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink } from "../../port/datagram-link.ts";

/** The state of a datagram socket; it only moves forward. */
export type DatagramState = "starting" | "open" | "closed";

/** A membership: a call of the link, and its arguments. */
export interface Membership {
  readonly call: "join" | "leave";
  readonly group: string;
  /** The interface of a multicast group, or the queue group of a subject. */
  readonly onInterface: string | undefined;
}

/** The memberships of one socket that wait until it is bound. */
export class Memberships {
  readonly #link: DatagramLink;
  readonly #waiting: Membership[] = [];

  constructor(link: DatagramLink) {
    this.#link = link;
  }

  /** Makes a change now, if the socket is open, or has it wait. Throws when an argument is wrong, or the system fails now. */
  change(membership: Membership, state: DatagramState): void {
    const { call, group, onInterface } = membership;
    isText("group", group);
    if (onInterface !== undefined) isText("onInterface", onInterface);
    const problem = this.#link.refuseGroup?.(group, onInterface);
    if (problem !== undefined) throw new RangeError(`group: ${problem}`);
    if (state === "closed") throw new Error(`${call}: the socket is closed`);
    if (state === "open") this.#link[call](group, onInterface);
    else this.#put(membership);
  }

  /** Gives what waits to the link, which is bound. Returns the last failure, if there was one. */
  apply(): CloseReason | undefined {
    let failure: CloseReason | undefined;
    for (const { call, group, onInterface } of this.#waiting.splice(0)) {
      try {
        this.#link[call](group, onInterface);
      } catch (cause) {
        const { code } = cause as { readonly code?: unknown };
        const message = `the group ${group} could not be joined (see cause)`;
        failure = { kind: "failed", ...(typeof code === "string" && { code }), message, cause };
      }
    }
    return failure;
  }

  /** Has a membership wait. The last one of each group and interface decides, so that their number is bounded by those. */
  #put(membership: Membership): void {
    const { group, onInterface } = membership;
    const same = this.#waiting.findIndex((one) => one.group === group && one.onInterface === onInterface);
    if (same >= 0) this.#waiting.splice(same, 1);
    if (membership.call === "join") this.#waiting.push(membership);
  }
}
