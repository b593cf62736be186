/**
 * One frame of a peer: what it receives, where its cube then is, what it sends.
 * Has no timer, no console and no process; time comes with the frame, and
 * changes go out as values.
 *
 *     end.frame ──▶ EndEvent ──▶ adopt, pass on ──▶ step ──▶ announce ──▶ Change[]
 *
 * The last word wins. A mover at rest takes a position over as a mirror does,
 * so that one which was restarted goes on from where the cube is; one that
 * moves keeps its own and goes on saying it.
 */
import type { Frame, Poller, Transport } from "../../src/index.ts";
import { ClientEnd } from "./client-end.ts";
import type { Conversation, Tally } from "./conversation.ts";
import type { End, EndEvent } from "./end.ts";
import { CubeCodec } from "./formats.ts";
import type { Line } from "./line.ts";
import { ServerEnd } from "./server-end.ts";
import type { Change, LinkState } from "./shared/changes.ts";
import type { Network } from "./shared/window-wire.ts";
import { cubeLine, type Format } from "./shared/wire.ts";
import { isMoving, type Role, START, step, type Vector, type World } from "./shared/world.ts";

/** How a peer links to others. */
export interface PeerOptions {
  readonly how: "listen" | "connect";
  readonly transport: Transport;
  /** What makes the network of `transport` bad, where that can be changed. */
  readonly line?: Line;
  /** Its address, as people write it. */
  readonly where: string;
  /** The format to send in; text by default. */
  readonly format?: Format;
}

/** A peer that shares a cube with others. Call {@link frame} once in each frame of its poller. */
export class Peer {
  readonly role: Role;

  readonly #codec: CubeCodec;
  readonly #end: End;
  readonly #line: Line | undefined;
  #world: World = START;
  /** What it knows of the cube. `guess`: no position was sent or received. */
  #knowledge: "guess" | "known";
  /** When a position was last sent or received, in polled time. */
  #lastPositionMs = Number.NEGATIVE_INFINITY;
  /** Whether it moved while it had no link, so that nobody received it. */
  #movedAlone = false;
  /** Until then it adopts nothing: a greeting older than its own moves may be under way. */
  #overrulesUntilMs = Number.NEGATIVE_INFINITY;
  #owesPosition = false;
  /** Where it was put by hand since the last frame. */
  #placed: Vector | undefined;
  #placedMs = Number.NEGATIVE_INFINITY;

  /** Begins to listen or to connect, at once. */
  constructor(poller: Poller, role: Role, options: PeerOptions) {
    const Kind = options.how === "listen" ? ServerEnd : ClientEnd;
    this.role = role;
    this.#line = options.line;
    this.#codec = new CubeCodec(options.format);
    this.#end = new Kind(poller, options.transport, this.#codec, options.where);
    this.#knowledge = role === "mover" && options.how === "listen" ? "known" : "guess";
  }

  /** Where its cube is. The middle of the world until a mirror has received a position. */
  get world(): World {
    return this.#world;
  }

  get link(): LinkState {
    return this.#end.state;
  }

  get tally(): Tally {
    return this.#end.tally;
  }

  /** The last round trip from frame to frame that was measured, in milliseconds; `undefined` before the first. */
  get frameTripMs(): number | undefined {
    let last: number | undefined;
    for (const { frameTripMs } of this.#end.conversations) last = frameTripMs ?? last;
    return last;
  }

  /** The last round trip of a line, in milliseconds; `undefined` while no link measures it. */
  get lineTripMs(): number | undefined {
    let last: number | undefined;
    for (const { lineTripMs } of this.#end.conversations) last = lineTripMs ?? last;
    return last;
  }

  /**
   * Whether it knows where the cube is. A mover that drives by itself waits for
   * this, or it would pull the cube away from where the others have it. It does
   * not wait for ever: nobody there, a pong, or a second of silence is an answer too.
   */
  get knowsPosition(): boolean {
    return this.#knowledge === "known";
  }

  /** The format that it sends in. It receives all of them. */
  get format(): Format {
    return this.#codec.format;
  }

  /** Chooses the format, from the next message on. */
  speak(format: Format): void {
    this.#codec.format = format;
  }

  /** What its network is like. */
  get network(): Network {
    return this.#line?.network ?? "perfect";
  }

  /** Chooses another network, from this frame on. */
  chooseNetwork(network: Network): void {
    this.#line?.choose(network);
  }

  /** Breaks the lines of its network, in this frame. */
  cut(): void {
    this.#line?.cut();
  }

  /** Puts the cube somewhere by hand, in the next frame: the last word of that frame, and told to all. */
  place(position: Vector): void {
    this.#placed = position;
  }

  /** Whether a hand is on the cube: it was put somewhere a moment ago, and may be again. */
  isHeld(nowMs: number): boolean {
    return this.#placed !== undefined || nowMs - this.#placedMs < HELD_MS;
  }

  /** Sets the speed of a mover's cube, from the next step on. Does nothing to a mirror. */
  steer(velocity: Vector): void {
    if (this.role === "mover") this.#world = { ...this.#world, velocity };
  }

  /**
   * One frame, after `poll()` and before `flush()`.
   *
   * @param dtMs the time that a mover's cube moves on by, in milliseconds
   * @returns what changed, in order; empty when nothing did, the usual case
   */
  frame(frame: Frame, dtMs: number): readonly Change[] {
    const { nowMs } = frame;
    const changes: Change[] = [];
    for (const event of this.#end.frame(nowMs)) this.#handle(event, nowMs, changes);
    this.#takePlace(nowMs, changes);
    if (this.role === "mover") {
      // A mirror greets before it answers anything: a mirror that answered without a greeting knows nothing.
      if (this.frameTripMs !== undefined) this.#knowledge = "known";
      this.#move(dtMs, changes);
      this.#announce(nowMs);
    }
    return changes;
  }

  #handle({ from, what }: EndEvent, nowMs: number, changes: Change[]): void {
    if (what.kind === "position") {
      this.#adopt(what.position, nowMs, changes);
      this.#passOn(what.position, from);
      return;
    }
    if (what.kind === "up") this.#greet(from, nowMs);
    // Nobody is there to know better.
    if (what.kind === "down" && this.role === "mover") this.#knowledge = "known";
    changes.push(what);
  }

  #adopt(position: Vector, nowMs: number, changes: Change[]): void {
    if (isMoving(this.#world) || nowMs < this.#overrulesUntilMs) return;
    this.#knowledge = "known";
    this.#lastPositionMs = nowMs; // its sender goes on sending it, so this peer need not
    this.#moveTo({ ...this.#world, position }, changes);
  }

  #passOn(position: Vector, from: Conversation | undefined): void {
    for (const other of this.#end.conversations)
      if (other !== from) other.trySend({ kind: "cube", position });
  }

  /** A mover put somewhere has moved, and says so as ever; a mirror was told, and passes it on. */
  #takePlace(nowMs: number, changes: Change[]): void {
    const position = this.#placed;
    if (position === undefined) return;
    this.#placed = undefined;
    this.#placedMs = nowMs;
    this.#knowledge = "known";
    const hasMoved = this.#moveTo({ ...this.#world, position }, changes);
    if (this.role === "mover") {
      if (hasMoved) this.#owesPosition = this.#movedAlone = true;
      return;
    }
    this.#lastPositionMs = nowMs;
    this.#passOn(position, undefined);
  }

  /** A peer is there. A mirror sends the position it knows; a mover sends its own in this frame, or waits for one. */
  #greet(newcomer: Conversation | undefined, nowMs: number): void {
    if (this.role === "mirror") {
      if (this.#end.speaksFirst && this.knowsPosition)
        newcomer?.trySend({ kind: "cube", position: this.#world.position });
      return;
    }
    if (this.#end.speaksFirst || this.#movedAlone) this.#owesPosition = true;
    else this.#lastPositionMs = nowMs;
    if (!this.#end.speaksFirst && this.#movedAlone) this.#overrulesUntilMs = nowMs + REFRESH_MS;
  }

  #move(dtMs: number, changes: Change[]): void {
    if (this.#moveTo(step(this.#world, dtMs), changes)) this.#owesPosition = this.#movedAlone = true;
  }

  /** Sends the position when it changed, and otherwise once a second; once in a frame at the most. */
  #announce(nowMs: number): void {
    const isDue = nowMs - this.#lastPositionMs >= REFRESH_MS;
    if (!this.#owesPosition && !isDue) return;
    const { position } = this.#world;
    let sentTo = 0;
    for (const other of this.#end.conversations) if (other.trySend({ kind: "cube", position })) sentTo++;
    this.#owesPosition = false;
    if (sentTo === 0) return;
    this.#movedAlone = false;
    this.#knowledge = "known";
    this.#lastPositionMs = nowMs;
  }

  /** Answers whether the cube is somewhere else now, as far as the wire can tell. */
  #moveTo(world: World, changes: Change[]): boolean {
    const hasMoved = cubeLine(world.position) !== cubeLine(this.#world.position);
    this.#world = world;
    if (hasMoved) changes.push({ kind: "cube", position: world.position });
    return hasMoved;
  }
}

/** At least once a second, also when a tick is late: a peer that lost a line, or came late, is right again this soon. */
const REFRESH_MS = 900;
/** A hand that paused for longer has let go. */
const HELD_MS = 1_000;
