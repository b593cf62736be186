/**
 * What a player and a gateway say to each other, in this one place, as records over a
 * session. A page and a bot are both players.
 *
 *     player → gateway    hello, move
 *     gateway → player    welcome, state, names, bus
 */
import { type Codec, type ListType, list, structs } from "../../../src/browser.ts";

/** The most in one zone: a state of them is a datagram still. */
export const MOST_PLAYERS = 3_000;

/** What players say. */
export type Asked =
  /** Before all else: who it is, and how often it wants to see each zone. */
  | { kind: "hello"; name: string; secret: Uint8Array; looksHz: number }
  /** What it wishes from now on, in hundredths; `seq` comes back with where it got to. */
  | { kind: "move"; dx: number; dy: number; seq: number };

/** What gateways say. */
export type Told =
  /** Who it is here, and where all gateways are. */
  | { kind: "welcome"; id: number; gateway: string; zones: number; places: string[] }
  | State
  | { kind: "names"; names: Named[] }
  /** Whether the gateway has a bus to the worlds. */
  | { kind: "bus"; linked: boolean };

/** A zone, as a player is told; `atMs` is when the gateway had it, by the clock that the session tells the page. */
export type State = Look & { kind: "state"; atMs: number };

/** What a zone looks like in one frame of its world. */
export interface Look {
  readonly zone: number;
  readonly epoch: number;
  /** The process that plays it. */
  readonly world: string;
  /** The zone's own time. */
  readonly worldMs: number;
  readonly gateways: string[];
  readonly players: Shown[];
  readonly sparks: { id: number; x: number; y: number }[];
}

/** Somebody, as a world shows him: in hundredths of a unit. */
export interface Shown {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly score: number;
  readonly seq: number;
  /** A place in the list of the state. */
  readonly gateway: number;
}

/** Whose number is whose. */
export interface Named {
  readonly id: number;
  readonly name: string;
}

/** What a player's end speaks. */
export function playerCodec(): Codec<Told, Asked> {
  return structs(TOLD, ASKED);
}

/** What a gateway's end speaks. */
export function gatewayCodec(): Codec<Asked, Told> {
  return structs(ASKED, TOLD);
}

/** The names on the wire. */
export function namesField(): ListType<Named> {
  return list({ id: "u32", name: "text8" }, { maxItems: MOST_PLAYERS });
}

/** A look on the wire. */
export const LOOK: {
  readonly zone: "u8";
  readonly epoch: "f64";
  readonly world: "text8";
  readonly worldMs: "f64";
  readonly gateways: ListType<string>;
  readonly players: ListType<Shown>;
  readonly sparks: ListType<{ id: number; x: number; y: number }>;
} = {
  zone: "u8",
  epoch: "f64",
  world: "text8",
  worldMs: "f64",
  gateways: list("text8", { maxItems: 255 }),
  players: list(
    { id: "u32", x: "u16", y: "u16", dx: "i8", dy: "i8", score: "u16", seq: "u16", gateway: "u8" },
    { maxItems: MOST_PLAYERS },
  ),
  sparks: list({ id: "u16", x: "u16", y: "u16" }, { maxItems: 255 }),
};

const ASKED = {
  hello: { name: "text8", secret: "bytes8", looksHz: "u8" },
  move: { dx: "i8", dy: "i8", seq: "u16" },
} as const;

const TOLD = {
  welcome: { id: "u32", gateway: "text8", zones: "u8", places: list("text8", { maxItems: 64 }) },
  state: { ...LOOK, atMs: "f64" },
  names: { names: namesField() },
  bus: { linked: "bool" },
} as const;

/** Units as they travel: hundredths. */
export function packed(units: number): number {
  return Math.round(units * 100);
}

/** And back. */
export function unpacked(hundredths: number): number {
  return hundredths / 100;
}

/** Its goodbye to a player who has come in through another gateway. */
export const PLAYS_ELSEWHERE = { code: 4001, text: "you play through another gateway now" } as const;
