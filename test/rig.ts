/**
 * Two pollers on one network in memory, and time as a field: a test says what
 * happens in which frame, and nothing happens by itself.
 */
import {
  type Codec,
  type Connection,
  type ConnectOptions,
  type Frame,
  type Listener,
  type ListenOptions,
  lines,
  type MemoryOptions,
  type MemoryTransport,
  memory,
  Poller,
  type PollerOptions,
} from "../src/index.ts";

export interface RigOptions<In, Out> {
  readonly codec: Codec<In, Out>;
  readonly wire?: MemoryOptions;
  readonly server?: PollerOptions;
  readonly client?: PollerOptions;
  readonly listen?: ListenOptions;
}

/** A server that listens, and a poller for its clients. */
export class Rig<In = string, Out = In> {
  readonly wire: MemoryTransport;
  readonly server: Poller;
  readonly client: Poller;
  readonly listener: Listener<In, Out>;
  readonly #codec: Codec<In, Out>;
  /** The time both pollers are given, in milliseconds. */
  time = 0;

  constructor(options: RigOptions<In, Out>) {
    this.#codec = options.codec;
    this.wire = memory(options.wire);
    this.server = new Poller(options.server);
    this.client = new Poller(options.client);
    this.listener = this.server.listen(this.wire, options.codec, options.listen);
    this.server.poll(this.time);
  }

  connect(options?: ConnectOptions): Connection<In, Out> {
    return this.client.connect(this.wire, this.#codec, options);
  }

  /** A pair whose both ends are open, seen by both pollers. */
  pair(options?: ConnectOptions): { near: Connection<In, Out>; far: Connection<In, Out> } {
    const near = this.connect(options);
    this.client.poll(this.time);
    this.server.poll(this.time);
    const far = this.listener.tryAccept();
    if (far === undefined) throw new Error("no connection arrived");
    return { near, far };
  }

  /** The server's next frame. */
  pollServer(passMs = 0): Frame {
    this.time += passMs;
    return this.server.poll(this.time);
  }

  /** The clients' next frame. */
  pollClient(passMs = 0): Frame {
    this.time += passMs;
    return this.client.poll(this.time);
  }

  /** Both sides' next frame, the clients first. */
  pollBoth(passMs = 0): void {
    this.pollClient(passMs);
    this.pollServer();
  }
}

/** A rig that talks in lines, the usual one. */
export function lineRig(options: Omit<RigOptions<string, string>, "codec"> = {}): Rig {
  return new Rig({ codec: lines(), ...options });
}

/** All messages that a connection has in this frame. */
export function take<In>(connection: Connection<In, never>): In[] {
  return [...connection];
}
