/**
 * Whether a listener listens: its state, address and reason, as of a frame. Moves only
 * forward, by the acceptor's reports and by the game's close, and tells of each step.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason, Goodbye } from "../../port/close-reason.ts";
import type { AcceptorChange } from "./listener-ingress.ts";

/** The state of a listener; it only moves forward. */
export type ListenerState = "starting" | "listening" | "closed";

/** The state of one listener. */
export class Listening {
  state: ListenerState = "starting";
  address: Address | undefined;
  closeReason: CloseReason | undefined;
  readonly #emit: (what: "listen" | "unlisten") => void;
  #isUnlistenEmitted = false;

  /** @param emit tells of a step, in a poll */
  constructor(emit: (what: "listen" | "unlisten") => void) {
    this.#emit = emit;
  }

  /** Shows what the acceptor has reported; called in a poll. */
  update(change: AcceptorChange | undefined): void {
    if (this.state === "closed") {
      if (!this.#isUnlistenEmitted) this.#emitUnlisten();
    } else if (change !== undefined && "reason" in change) {
      this.state = "closed";
      this.closeReason = change.reason;
      this.#emitUnlisten();
    } else if (change !== undefined) {
      this.state = "listening";
      this.address = change.address;
      this.#emit("listen");
    }
  }

  /** Closes it from this side; the next update tells of it. Returns `false` when it is closed already. */
  close(goodbye?: Goodbye): boolean {
    if (this.state === "closed") return false;
    this.state = "closed";
    const reason: CloseReason = { kind: "local", message: "this side closed the listener" };
    this.closeReason = goodbye === undefined ? reason : { ...reason, goodbye };
    return true;
  }

  #emitUnlisten(): void {
    this.#isUnlistenEmitted = true;
    this.#emit("unlisten");
  }
}
