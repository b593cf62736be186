/**
 * The cube, as this window has it: in the player's own hand while it is moved
 * here, and followed while others move it. Pure. Decides who has it, where it is
 * shown, and what the process has to be told.
 *
 *     wish, drag ──▶ hand ──┬──▶ shown
 *     receive ──▶ follow ───┘    hand ──▶ owed, until it is sent
 */
import { rounded } from "../shared/wire.ts";
import { isMoving, REACH, START, type Vector, type World } from "../shared/world.ts";
import { Follow } from "./follow.ts";
import { glide, restingAt, type Wish } from "./glide.ts";

/** A cube that can be moved, or only followed. */
export class Cube {
  readonly follow: Follow = new Follow(START.position);
  /** The hand has the cube while this is something. */
  #hand: World | undefined;
  #owed: Vector | undefined;
  #shown: Vector = START.position;

  /** Where it is, to the thousandth: what was sent or received last. */
  get position(): Vector {
    return this.#hand === undefined ? this.follow.last : rounded(this.#hand.position);
  }

  /** Where it is seen. */
  get shown(): Vector {
    return this.#shown;
  }

  /** What the process does not know yet; `undefined` when it knows all, the usual case. */
  get owed(): Vector | undefined {
    return this.#owed;
  }

  /** The process knows it now. */
  markSent(): void {
    this.#owed = undefined;
  }

  /** A position came from somebody else. A window with the cube in hand, or with an unsent move, knows better. */
  receive(position: Vector, nowMs: number): void {
    if (this.#hand === undefined && this.#owed === undefined) this.follow.receive(position, nowMs);
  }

  /** The player wishes it to move; it is in the hand from the first wish until it rests again. */
  steer(wish: Wish, dtMs: number): void {
    const isWished = wish.some((way) => way !== 0);
    if (this.#hand === undefined && !isWished) return;
    this.#move(glide(this.#hand ?? restingAt(this.#shown), wish, dtMs));
    if (!isWished && this.#hand !== undefined && !isMoving(this.#hand)) this.release();
  }

  /** The player puts it there, by dragging. It is in the hand until {@link release}. */
  put(position: Vector): void {
    const within = (value: number): number => Math.min(REACH, Math.max(-REACH, value));
    const [x, y, z] = position;
    this.#move(restingAt([within(x), within(y), within(z)]));
  }

  /** It is at rest, and anybody's. Does nothing when it is not in the hand. */
  release(): void {
    if (this.#hand === undefined) return;
    const last = rounded(this.#hand.position);
    this.#hand = undefined;
    this.follow.reset(last);
  }

  /** One frame: moves what is followed. */
  frame(nowMs: number): Vector {
    // Followed also while in the hand, so that it does not catch up on old time afterwards.
    const followed = this.follow.frame(nowMs);
    this.#shown = this.#hand?.position ?? followed;
    return this.#shown;
  }

  #move(world: World): void {
    const before = this.position;
    this.#hand = world;
    const after = rounded(world.position);
    if (after.some((value, axis) => value !== before[axis])) this.#owed = after;
  }
}
