/**
 * What is measured over a broker, and who takes part. Data only; every process reads the
 * same. A gateway and a world are a process each, with frames of their own.
 */

/** One way from a gateway to a world and back. */
export type WireName = "tcp" | "hand" | "nats" | "streams" | "raw";

export const WIRES: Readonly<Record<WireName, { readonly title: string; readonly isOfBroker: boolean }>> = {
  tcp: { title: "`tcp()`, a direct link", isOfBroker: false },
  hand: { title: "`@nats-io` by hand", isOfBroker: true },
  nats: { title: "`nats()`, datagrams", isOfBroker: true },
  streams: { title: "`nats()`, a stream", isOfBroker: true },
  raw: { title: "bytes made before, counted and not read", isOfBroker: true },
};

export interface NatsWork {
  /** As in `--only frames`. */
  readonly name: string;
  readonly title: string;
  readonly task: NatsTask;
  readonly wires: readonly WireName[];
}

export type NatsTask =
  /** The gateway sends so many messages a frame. */
  | { readonly kind: "frames"; readonly perFrame: number; readonly sizeBytes: number }
  /** As many as go, up to {@link MOST_UNDER_WAY} that the world has not told of; nobody rests. */
  | { readonly kind: "flood"; readonly sizeBytes: number }
  /** All wires in the same two processes, one message a frame on each; the world looks at once, or in frames. */
  | { readonly kind: "latency"; readonly sizeBytes: number; readonly looks: "at once" | "in frames" }
  /**
   * Players at one gateway, as sockets, send a line a frame each. The gateway passes all on: each
   * by itself, or all of a frame as one message. The world tells all gateways its state.
   */
  | {
      readonly kind: "fan-out";
      readonly players: number;
      readonly rateHz: number;
      readonly gateways: number;
      readonly bundles: boolean;
    };

/** Ticks a second, of gateways and worlds. */
export const RATE_HZ = 60;
/** In a flood. No more than a receive limit has room for, so that nothing is dropped. */
export const MOST_UNDER_WAY = 2_048;
/** What a player is in a world's state: a number, three coordinates, a direction. */
export const PLAYER_BYTES = 12;
/** What a gateway writes before each player's line. */
export const WHO_BYTES = 4;

const FAN_OUT = { kind: "fan-out", players: 1_000, gateways: 8 } as const;

export const WORKS: readonly NatsWork[] = [
  {
    name: "frames",
    title: "60 Hz × 100 messages of 100 B",
    task: { kind: "frames", perFrame: 100, sizeBytes: 100 },
    wires: ["tcp", "hand", "nats", "streams"],
  },
  {
    name: "flood",
    title: "100 B as fast as it goes",
    task: { kind: "flood", sizeBytes: 100 },
    wires: ["tcp", "raw", "hand", "nats", "streams"],
  },
  {
    name: "latency",
    title: "60 Hz × 1 message of 100 B, the world looks at once",
    task: { kind: "latency", sizeBytes: 100, looks: "at once" },
    wires: ["tcp", "hand", "nats", "streams"],
  },
  {
    name: "latency-frames",
    title: "60 Hz × 1 message of 100 B, the world looks in frames of 60 Hz",
    task: { kind: "latency", sizeBytes: 100, looks: "in frames" },
    wires: ["tcp", "hand", "nats", "streams"],
  },
  {
    name: "fan-out",
    title: "1,000 players × 60 Hz at 1 gateway → world → 8 gateways, a message for each frame",
    task: { ...FAN_OUT, rateHz: 60, bundles: true },
    wires: ["tcp", "hand", "nats", "streams"],
  },
  {
    name: "fan-out-each",
    title: "the same with 20 Hz, a message for each input",
    task: { ...FAN_OUT, rateHz: 20, bundles: false },
    wires: ["tcp", "hand", "nats", "streams"],
  },
];
