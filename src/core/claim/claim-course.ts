/**
 * The course of a claim: from waiting to holding, and to its end. Puts together who takes the
 * lease, who keeps it, and its snapshot; knows no game, and shows nothing by itself.
 *
 *     contender ── taken ──▶ tenure, saved state ── fenced, and sure ──▶ held ──▶ lost, over
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { type ClaimRules, Contender } from "./contender.ts";
import { SavedState } from "./saved-state.ts";
import type { SharedRegistry } from "./shared-registry.ts";
import { Tenure } from "./tenure.ts";

/** Where a claim is on its way; `releasing` until the lease is given back. */
export type CourseState = "waiting" | "held" | "lost" | "releasing" | "over";

/** The course of one claim. */
export class ClaimCourse {
  state: CourseState = "waiting";
  /** Why it is lost. */
  reason: CloseReason | undefined;
  /** The epoch, once it is held. */
  epoch = 0;
  /** What the owner before has saved last, once it is held. */
  snapshot: Uint8Array | undefined;
  lastFailure: CloseReason | undefined;
  readonly #shared: SharedRegistry;
  readonly #rules: ClaimRules;
  readonly #metaOf: () => unknown;
  readonly #notify: () => void;
  #contender: Contender | undefined;
  #tenure: Tenure | undefined;
  #saved: SavedState | undefined;

  /**
   * @param metaOf what the owner says of itself now
   * @param notify called when there is something to do
   */
  constructor(shared: SharedRegistry, rules: ClaimRules, metaOf: () => unknown, notify: () => void) {
    this.#shared = shared;
    this.#rules = rules;
    this.#metaOf = metaOf;
    this.#notify = notify;
    this.#contend();
  }

  /** What is known of who has the lease, while this one waits. */
  get holder(): Contender["holder"] {
    return this.#contender?.holder;
  }

  get isSaving(): boolean {
    return this.#saved?.isSaving ?? false;
  }

  /** When it has something to do without being told, by the fast clock. */
  get dueMs(): number {
    if (this.#contender !== undefined) return this.#contender.dueMs;
    return Math.min(this.#tenure?.dueMs ?? Infinity, this.#saved?.dueMs ?? Infinity);
  }

  /** Saves `bytes`, which is its own. */
  save(bytes: Uint8Array): void {
    this.#saved?.save(bytes);
  }

  /**
   * Gets on, as far as it can now. Bounded: a registry inside the process answers at once, so
   * that several steps are one frame's.
   */
  run(): void {
    for (let step = 0; step < MOST_STEPS && this.#step(); step++);
  }

  /** Asks for what was called for, and hears nothing. */
  ask(): void {
    if (this.state === "releasing") this.#giveBack();
    else this.#saved?.act();
  }

  /** Gives the lease back, if this one has it, or may. */
  release(): void {
    this.#contender?.end();
    this.state = this.#contender?.isTaking === false ? "over" : "releasing";
  }

  /** Ends it: nothing is asked or heard any more. */
  stop(): void {
    this.#contender?.stop();
    this.#tenure?.stop();
    this.#saved?.stop();
    this.#contender = this.#tenure = this.#saved = undefined;
    if (this.state !== "lost") this.state = "over";
  }

  #step(): boolean {
    if (this.state === "lost" || this.state === "over") return false;
    const { closeReason } = this.#shared;
    if (closeReason !== undefined) {
      this.#end(closeReason);
      return false;
    }
    return this.#contender === undefined ? this.#stepTenure() : this.#stepContender(this.#contender);
  }

  #stepContender(contender: Contender): boolean {
    const hasMoved = contender.step();
    this.lastFailure = contender.lastFailure;
    const { taken } = contender;
    if (taken !== undefined) {
      contender.stop();
      this.#contender = undefined;
      this.#tenure = new Tenure(this.#shared, this.#rules, taken, this.#metaOf, this.#notify);
      this.#saved = new SavedState(this.#shared, this.#rules, taken.revision, this.#notify);
    } else if (this.state === "releasing" && !contender.isTaking) {
      this.state = "over";
    }
    return hasMoved;
  }

  #stepTenure(): boolean {
    const tenure = this.#tenure as Tenure; // without a contender there is one, until the end
    const saved = this.#saved as SavedState;
    const isTold = tenure.takeAnswer();
    const isSavedTold = saved.takeAnswer();
    this.lastFailure = tenure.lastFailure ?? saved.lastFailure;
    const lost =
      tenure.lost ?? saved.lost ?? (this.state === "held" && !tenure.isSure ? this.#expired() : undefined);
    if (lost !== undefined) {
      if (this.state === "waiting") this.#contend();
      else this.#end(lost);
      return true;
    }
    if (this.state === "waiting" && saved.isFenced && tenure.isSure) {
      this.state = "held";
      this.epoch = tenure.epoch;
      this.snapshot = saved.previous;
    }
    if (this.state === "releasing") return this.#giveBack() || isTold || isSavedTold;
    const isSaving = saved.act();
    return tenure.act() || isSaving || isTold || isSavedTold;
  }

  /** Gives the lease back, once the snapshot is saved. Returns whether anything was asked for. */
  #giveBack(): boolean {
    const tenure = this.#tenure;
    if (tenure === undefined) return false;
    const isSaving = this.isSaving && tenure.isSure;
    if (!isSaving) tenure.end();
    const isWriting = isSaving && this.#saved?.act() === true;
    const isAsking = tenure.act();
    if (tenure.isOver) this.state = "over";
    return isWriting || isAsking;
  }

  /** Waits for the lease, from the beginning. */
  #contend(): void {
    this.#tenure?.stop();
    this.#saved?.stop();
    this.#tenure = this.#saved = undefined;
    this.#contender = new Contender(this.#shared, this.#rules, this.#metaOf, this.#notify);
  }

  #end(reason: CloseReason): void {
    this.reason = reason;
    this.state = this.state === "releasing" ? "over" : "lost";
  }

  #expired(): CloseReason {
    const { name, ttlMs, marginMs } = this.#rules;
    const message = `the lease of ${name} is lost: it was not renewed within ${ttlMs - marginMs} ms`;
    return { kind: "timeout", code: "ttlMs", message };
  }
}

/** Reading, taking, fencing, and the answers to them. */
const MOST_STEPS = 32;
