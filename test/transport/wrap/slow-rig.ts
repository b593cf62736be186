/**
 * Players on a bad network and a server on a good one, in memory, in frames of 10 ms:
 * what the conditioner does is told by the frame in which it shows.
 */
import {
  type ConditionedOptions,
  type ConditionedTransport,
  type Connection,
  conditioned,
  type Listener,
  lines,
  type MemoryOptions,
  type MemoryTransport,
  memory,
  type NetworkName,
  Poller,
  type PollerOptions,
} from "../../../src/index.ts";

export const FRAME_MS = 10;

export interface SlowOptions {
  readonly wire?: MemoryOptions;
  readonly client?: PollerOptions;
  readonly server?: PollerOptions;
}

/** A server, and the poller of its players. */
export class SlowRig {
  readonly wire: MemoryTransport;
  readonly slow: ConditionedTransport;
  readonly server: Poller;
  readonly client: Poller;
  readonly listener: Listener<string>;
  time = 0;

  constructor(conditions: ConditionedOptions | NetworkName, options: SlowOptions = {}) {
    this.wire = memory(options.wire);
    this.slow = conditioned(this.wire, conditions);
    this.server = new Poller(options.server);
    this.client = new Poller(options.client);
    this.listener = this.server.listen(this.wire, lines());
    this.server.poll(0);
  }

  connect(): Connection<string> {
    return this.client.connect(this.slow, lines());
  }

  /** A player's connection that is open at both ends, however long that takes. */
  pair(): { near: Connection<string>; far: Connection<string> } {
    const near = this.connect();
    let far: Connection<string> | undefined;
    this.until(() => (far ??= this.listener.tryAccept()) !== undefined && near.state === "open");
    return { near, far: far as Connection<string> };
  }

  /** One frame of both: the players first, whose messages the server sees at once when nothing is slow. */
  frame(passMs: number = FRAME_MS): void {
    this.time += passMs;
    this.client.poll(this.time);
    this.server.poll(this.time);
  }

  /** Ends the frame: what the game has sent leaves. */
  flush(): void {
    this.client.flush();
    this.server.flush();
  }

  /** Takes frames until it is so; returns how many. */
  until(isSo: () => boolean, passMs: number = FRAME_MS): number {
    for (let frames = 0; frames < 10_000; frames++) {
      if (isSo()) return frames;
      this.flush();
      this.frame(passMs);
    }
    throw new Error("it never came to be so");
  }

  /** Takes frames for so long. */
  pass(forMs: number, passMs: number = FRAME_MS): void {
    for (const endMs = this.time + forMs; this.time < endMs; ) {
      this.flush();
      this.frame(passMs);
    }
  }
}

/** Sends numbers for so many frames, and returns in which frame each arrived. */
export function arrivals(
  rig: SlowRig,
  near: Connection<string>,
  far: Connection<string>,
  frames: number,
): [number, string][] {
  const arrived: [number, string][] = [];
  for (let frame = 0; frame < frames; frame++) {
    near.trySend(`${frame}`);
    rig.flush();
    rig.frame();
    for (const message of far) arrived.push([frame, message]);
  }
  return arrived;
}
