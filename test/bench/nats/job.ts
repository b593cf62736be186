/** What a gateway or a world is told, and what it tells. */
import type { Usage } from "../measure/reports.ts";
import type { Place } from "./wires/wire.ts";
import type { NatsTask, WireName } from "./works.ts";

/** A crowd is all gateways beside the first, in one process. */
export type Role = "gateway" | "world" | "crowd";

export interface NatsJob {
  readonly role: Role;
  readonly task: NatsTask;
  /** One, or in a measurement of latency several. */
  readonly wires: readonly WireName[];
  readonly place: Place;
}

/** What one process measured of its window. */
export interface PeerReport extends Usage {
  readonly sent: number;
  readonly taken: number;
  readonly lost: number;
  /** How many messages had no room. */
  readonly refused: number;
  /** Of a fan-out's gateway: from an input's frame to that with the state which has it. */
  readonly turnP50Ms?: number;
  readonly turnP99Ms?: number;
  /** Of a world that measures latency: each wire's, in the order of the job. */
  readonly latencies?: readonly Latency[];
}

/** How long messages took from the frame that sent them to being seen. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Beside the first wire, message by message. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  /** The part of them that was seen in a later frame than the first wire's. */
  readonly laterPart: number;
}
