/**
 * What a zone keeps of everybody, and how all of it lies beside the lease: as JSON, which the
 * next owner reads, perhaps of another version of the game.
 */
import { hexOf, secretOf } from "./shared/identity.ts";
import type { Place } from "./shared/rules.ts";

/** Somebody in a zone. */
export interface Player {
  readonly id: number;
  readonly secret: Uint8Array;
  name: string;
  x: number;
  y: number;
  dx: number;
  dy: number;
  seq: number;
  score: number;
  /** How often he was handed over to another zone. */
  hops: number;
  /** The subject of the gateway through which he plays. */
  gateway: string;
  /** For how long that has said nothing of him. */
  silentMs: number;
}

/** All that another owner needs to go on. */
export interface ZoneSnapshot {
  /** The zone's own time. */
  readonly nowMs: number;
  readonly random: number;
  readonly lastSpark: number;
  readonly players: Iterable<Player>;
  readonly sparks: Iterable<readonly [id: number, place: Place]>;
}

/** A snapshot as bytes. */
export function encodeZone({ players, sparks, ...rest }: ZoneSnapshot): Uint8Array {
  const saved = {
    ...rest,
    players: Array.from(players, ({ secret, ...player }) => ({ ...player, secret: hexOf(secret) })),
    sparks: [...sparks],
  };
  return new TextEncoder().encode(JSON.stringify(saved));
}

/** And back. Nobody could speak meanwhile, so who was awake is not asleep by that. */
export function decodeZone(bytes: Uint8Array): ZoneSnapshot {
  const saved = JSON.parse(new TextDecoder().decode(bytes)) as Saved;
  const players = saved.players.flatMap(({ secret: hex, ...player }) => {
    const secret = secretOf(hex);
    return secret === undefined
      ? []
      : [{ ...player, secret, silentMs: isAwake(player) ? 0 : player.silentMs }];
  });
  return { ...saved, players };
}

interface Saved extends Omit<ZoneSnapshot, "players"> {
  readonly players: readonly (Omit<Player, "secret"> & { readonly secret: string })[];
}

/** Whether his gateway has said something of him lately. */
export function isAwake({ silentMs }: Pick<Player, "silentMs">): boolean {
  return silentMs < ASLEEP_MS;
}

/** Whether two secrets are the same. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** A gateway says something of each player four times a second. */
export const ASLEEP_MS = 5_000;
