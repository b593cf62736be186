/** What the page and the server say to each other. Both import this file; `tickwire` is the right one in each. */
import { json } from "tickwire";
import type { Move, Side } from "./pong.ts";

/** From a page: what its player holds down. */
export interface Input {
  readonly move: Move;
}

/** From the server: the field, once a tick. */
export interface View {
  readonly ball: readonly [x: number, y: number];
  readonly paddles: Readonly<Record<Side, number>>;
  readonly score: Readonly<Record<Side, number>>;
}

/** A player may send anything; what is no `Input` ends the connection. */
const isInput = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && "move" in value && [-1, 0, 1].includes(value.move as number);

export const serverCodec = json<Input, View>({ guard: isInput, maxLineBytes: 100 });
export const pageCodec = json<View, Input>();
