/**
 * What gateways and worlds say to each other over the bus, in this one place: subjects,
 * and records. Each record is a datagram, at most once: whatever must come is
 * said again until there is an answer.
 *
 *     gateway → zone    seek, enter, inputs, leave, ping
 *     zone → gateway    found, moved, pong; to all of them state, names
 *     zone → zone       arrive, took, has
 *
 * All that comes from a zone has the epoch of its owner's lease.
 */
import { type Codec, type Destination, list, structs, subject } from "../../src/index.ts";
import { LOOK, type Look, MOST_PLAYERS, type Named, namesField } from "./shared/play-wire.ts";

/** What is said over the bus. */
export type BusMessage =
  /** Is the player of this secret in your zone? */
  | { kind: "seek"; secret: Uint8Array }
  /** Let him play through this gateway; who is nowhere begins here, if `begins`. */
  | { kind: "enter"; name: string; secret: Uint8Array; begins: boolean }
  | { kind: "inputs"; inputs: PlayerInput[] }
  | { kind: "leave"; id: number }
  | { kind: "ping"; atMs: number }
  /** `has`: he plays here; `hops`: as he was when he played here last, or -1. */
  | ({ kind: "found"; id: number; has: boolean; hops: number } & FromZone)
  /** He plays through another gateway. */
  | ({ kind: "moved"; id: number } & FromZone)
  | ({ kind: "pong"; atMs: number } & FromZone)
  | ({ kind: "state" } & Look)
  | ({ kind: "names"; names: Named[] } & FromZone)
  /** He walks into your zone. */
  | ({ kind: "arrive"; player: Travelling[] } & FromZone)
  /** I have him. */
  | ({ kind: "took"; id: number; hops: number } & FromZone)
  /** These are in my zone. */
  | ({ kind: "has"; players: { id: number; hops: number }[] } & FromZone);

/** Whose word it is: of a zone's owner with that epoch. */
interface FromZone {
  readonly zone: number;
  readonly epoch: number;
}

/** What somebody wishes, in hundredths. */
export interface PlayerInput {
  readonly id: number;
  readonly dx: number;
  readonly dy: number;
  readonly seq: number;
}

/** A player as one world hands him to another. */
export interface Travelling {
  readonly id: number;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly score: number;
  /** How often he was handed over: of two worlds that have him, the higher one is right. */
  readonly hops: number;
  readonly gateway: string;
}

/** The codec of the bus. */
export function busCodec(): Codec<BusMessage> {
  const own = { zone: "u8", epoch: "f64" } as const;
  const player = {
    id: "u32",
    name: "text8",
    secret: "bytes8",
    x: "f32",
    y: "f32",
    dx: "i8",
    dy: "i8",
    score: "u16",
    hops: "u16",
    gateway: "text8",
  } as const;
  const maxItems = MOST_PLAYERS;
  return structs({
    seek: { secret: "bytes8" },
    enter: { name: "text8", secret: "bytes8", begins: "bool" },
    inputs: { inputs: list({ id: "u32", dx: "i8", dy: "i8", seq: "u16" }, { maxItems }) },
    leave: { id: "u32" },
    ping: { atMs: "f64" },
    found: { ...own, id: "u32", has: "bool", hops: "i32" },
    moved: { ...own, id: "u32" },
    pong: { ...own, atMs: "f64" },
    state: LOOK,
    names: { ...own, names: namesField() },
    arrive: { ...own, player: list(player, { maxItems: 1 }) },
    took: { ...own, id: "u32", hops: "u16" },
    has: { ...own, players: list({ id: "u32", hops: "u16" }, { maxItems }) },
  });
}

/** What a process tells of itself, twice a second, as JSON: to the operator, and to the worlds. */
export interface Status {
  readonly name: string;
  readonly role: "gateway" | "world" | "bots";
  readonly pid: number;
  /** Frames in the last second, and how long 99 of 100 took. */
  readonly framesHz: number;
  readonly p99Ms: number;
  /** Over its bus and its players' links, since it began. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Datagrams that were sent to it and did not come, and those that it could not send. */
  readonly lost: number;
  readonly failed: number;
  /** Round trips in milliseconds: of players' lines, at the median, and to each zone over the bus. */
  readonly lineMs?: number;
  readonly busMs?: readonly (number | null)[];
  /** Players, by zone; of a gateway its own. */
  readonly players: Readonly<Record<string, number>>;
  /** Zones of a world: their claims' states and epochs. */
  readonly zones?: readonly { readonly zone: number; readonly state: string; readonly epoch: number }[];
}

/** The lease of a zone, which is its name for epochs too. */
export function leaseOfZone(zone: number): string {
  return `arena.zone-${zone}`;
}

/** Where a zone takes what is said to it. */
export function toZone(zone: number): Destination {
  return subject(`arena.zone-${zone}.in`);
}

/** Where it shows itself to all gateways. */
export function fromZone(zone: number): Destination {
  return subject(`arena.zone-${zone}.out`);
}

/** A gateway's or a world's own subject. */
export function ownSubject(name: string): string {
  return `arena.process.${name}`;
}

/** What all gateways join. */
export const ALL_ZONES = "arena.*.out";
/** The leases of all zones. */
export const ZONE_LEASES = "arena.*";
/** Where statuses go. */
export const STATUS = "arena.status";
/** A zone whose process is gone has another owner within this and a second. */
export const TTL_MS = 3_000;
/** The most time that may pass between two snapshots of a zone. */
export const SAVE_EVERY_MS = 500;
