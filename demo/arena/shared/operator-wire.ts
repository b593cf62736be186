/**
 * What the launcher and the operator's page say to each other, in this one place: as JSON,
 * as it is a page for people who look closely.
 */

/** What the page shows, four times a second. */
export interface View {
  readonly broker: BrokerView;
  readonly gateways: readonly string[];
  readonly zones: number;
  readonly ttlMs: number;
  readonly processes: readonly ProcessView[];
  readonly leases: readonly LeaseView[];
  /** What has happened, the newest last: when, in milliseconds since the demo began, to whom, and what. */
  readonly lines: readonly (readonly [atMs: number, who: string, line: string])[];
}

/** What carries the arena. */
export interface BrokerView {
  /** In a few words. */
  readonly words: string;
  readonly state: "running" | "cut";
  /** For how long it is still cut. */
  readonly leftMs: number;
  /** Why it cannot be cut from here; `undefined` when it can. */
  readonly why: string | undefined;
}

/** One process. Rates are per second; what nobody knows is `null`. */
export interface ProcessView {
  readonly name: string;
  readonly role: "gateway" | "world" | "bots";
  readonly pid: number | null;
  readonly state: ProcessState;
  /** For how long it has told nothing of itself; `null` when it never has. */
  readonly silentMs: number | null;
  readonly framesHz: number | null;
  readonly p99Ms: number | null;
  readonly inBytes: number | null;
  readonly outBytes: number | null;
  readonly lost: number;
  readonly failed: number;
  readonly lineMs: number | null;
  readonly busMs: readonly (number | null)[];
  /** By zone of a gateway or a world; by the state of their links of the bots. */
  readonly players: Readonly<Record<string, number>>;
  readonly zones: readonly { readonly zone: number; readonly state: string; readonly epoch: number }[];
}

export type ProcessState = "running" | "stopped" | "gone";

/** A zone's lease. */
export interface LeaseView {
  readonly zone: number;
  readonly epoch: number;
  readonly world: string;
  readonly pid: number | null;
}

/** What the page asks for. */
export type Order =
  | { readonly kind: "kill" | "stop" | "continue"; readonly name: string }
  | { readonly kind: "cut" };

/** Whether a value is an order, whoever sent it. */
export function isOrder(value: unknown): value is Order {
  const { kind, name } = (value ?? {}) as { readonly kind?: unknown; readonly name?: unknown };
  return (
    kind === "cut" || (typeof name === "string" && ["kill", "stop", "continue"].includes(kind as string))
  );
}
