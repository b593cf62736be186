/**
 * Players and a server that speak sessions, in memory and in simulated time: frames of 10 ms,
 * a clock and a chance that are given. The line of the players has controls: what cuts
 * it, swallows it, or delays it.
 */
import {
  type ConditionedOptions,
  type ConditionedTransport,
  type Connection,
  conditioned,
  type Link,
  type Listener,
  lines,
  type MemoryTransport,
  memory,
  Poller,
  type PollerOptions,
  type SessionOptions,
  session,
  type Transport,
} from "../../../../src/index.ts";

import {
  encodeGreeting,
  GreetingReader,
  type Hello,
} from "../../../../src/transport/wrap/session/greetings.ts";

export const FRAME_MS = 10;

export interface SessionRigOptions {
  readonly conditions?: ConditionedOptions;
  readonly server?: SessionOptions;
  readonly client?: SessionOptions;
  readonly serverPoller?: PollerOptions;
  readonly clientPoller?: PollerOptions;
}

/** A server, and the poller of its players. */
export class SessionRig {
  readonly wire: MemoryTransport = memory();
  readonly slow: ConditionedTransport;
  readonly server: Poller;
  readonly client: Poller;
  readonly way: Transport;
  /** All links below that were made for the players, in order. */
  readonly dialled: Link[] = [];
  listener: Listener<string>;
  time = 0;
  /** How far the server's clock is ahead. */
  serverAheadMs = 0;
  /** What tokens and the times of redials come from. */
  seed = 1;
  readonly options: SessionRigOptions;

  constructor(options: SessionRigOptions = {}) {
    this.options = options;
    this.slow = conditioned(this.wire, options.conditions ?? {});
    this.server = new Poller(options.serverPoller);
    this.client = new Poller(options.clientPoller);
    const dialled: Transport = {
      ...this.slow,
      connect: (codec) => {
        const link = (this.slow.connect as (codec?: string) => Link)(codec);
        this.dialled.push(link);
        return link;
      },
    };
    this.way = session(dialled, {
      clock: () => this.time,
      random: (bytes) => this.fill(bytes),
      ...options.client,
    });
    this.listener = this.listen();
  }

  /** A new server in the place of the old one. */
  listen(): Listener<string> {
    this.listener = this.server.listen(
      session(this.wire, { clock: () => this.time + this.serverAheadMs, ...this.options.server }),
      lines(),
    );
    this.server.poll(this.time);
    return this.listener;
  }

  /** What was asked of chance, in order: the key and the token of each player's session first. */
  readonly filled: Uint8Array[] = [];

  fill(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) {
      this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[index] = this.seed >>> 24;
    }
    this.filled.push(Uint8Array.from(bytes));
  }

  connect(): Connection<string> {
    return this.client.connect(this.way, lines());
  }

  /** A player's connection that is open at both ends. */
  pair(): { near: Connection<string>; far: Connection<string> } {
    const near = this.connect();
    let far: Connection<string> | undefined;
    this.until(() => (far ??= this.listener.tryAccept()) !== undefined && near.state === "open");
    return { near, far: far as Connection<string> };
  }

  /** A line of whoever has the key and the token of the first session, but for what `changed` says. */
  resumeAs(changed: Partial<Hello>): RawLine {
    const [id = new Uint8Array(8), token = new Uint8Array(16)] = this.filled;
    const hello: Hello = { kind: "resume", id, token, epoch: 50, received: 0, ackBytes: 65_536, gateway: "" };
    return new RawLine(this.wire, encodeGreeting({ ...hello, ...changed }));
  }

  frame(passMs: number = FRAME_MS): void {
    this.time += passMs;
    this.client.poll(this.time);
    this.server.poll(this.time);
  }

  flush(): void {
    this.client.flush();
    this.server.flush();
  }

  /** Takes frames until it is so. */
  until(isSo: () => boolean, mostFrames: number = 10_000): void {
    for (let frames = 0; frames < mostFrames; frames++) {
      if (isSo()) return;
      this.flush();
      this.frame();
    }
    throw new Error("it never came to be so");
  }

  /** Takes frames for so long. */
  pass(forMs: number): void {
    for (const endMs = this.time + forMs; this.time < endMs; ) {
      this.flush();
      this.frame();
    }
  }
}

/** A line that somebody else opens, who says what he likes. */
export class RawLine {
  readonly link: Link;
  readonly said: number[] = [];
  isClosed = false;

  constructor(wire: Pick<MemoryTransport, "connect">, first: Uint8Array) {
    this.link = wire.connect();
    this.link.attach({
      opened: () => {},
      received: (bytes) => this.said.push(...bytes),
      partial: () => {},
      drained: () => {},
      suspended: () => {},
      resumed: () => {},
      ended: () => {
        this.isClosed = true;
        this.link.end();
      },
      closed: () => {
        this.isClosed = true;
      },
    });
    this.link.write(first);
  }

  /** Why it was refused, by the name; `"welcome"` when it was not, and `undefined` while nothing was said. */
  get answer(): string | undefined {
    const { read } = new GreetingReader(["welcome", "refused"]).read(Uint8Array.from(this.said));
    if (read?.kind !== "greeting") return undefined;
    return read.greeting.kind === "refused" ? read.greeting.why : read.greeting.kind;
  }
}

/** All that has come on a connection by now. */
export function take(connection: Connection<string>): string[] {
  return [...connection];
}
