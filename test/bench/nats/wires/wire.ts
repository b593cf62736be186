/**
 * What a gateway or a world asks of whatever is between them, so that they differ in their
 * networking alone.
 *
 *     gateway ── trySend ──▶ world        world ── trySend ──▶ all gateways
 */

/** Whose end of it it is. */
export type Side = "gateway" | "world";

/** Where the others are. */
export interface Place {
  /** The broker's. */
  readonly servers: string;
  /** Of a direct link, the world's port; 0 for the world, which is given one. */
  readonly port: number;
}

export interface Wire {
  /** Where the world listens, if it does. */
  readonly port: number;
  /** How many messages were lost, as far as the wire knows. */
  readonly lost: number;
  /** Waits until there is something to take, or room to send. */
  activity(): Promise<unknown>;
  /** Begins a frame. */
  poll(): void;
  /** Returns `false` when there is no room now. The bytes may be used again at once. */
  trySend(message: Uint8Array): boolean;
  /** Visits what the frame has. */
  take(on: (message: Uint8Array) => void): void;
  /** Ends a frame. */
  flush(): void;
}

/** The subjects that a world hears and speaks on. */
export const WORLD = "world.7";
export const STATE = "world.7.state";
