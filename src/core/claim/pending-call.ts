/**
 * One call of a registry at a time. Its answer waits for a frame; the answer to a call
 * that has waited too long counts as lost, and is not heard when it comes after all.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Answer, RegistryAnswer } from "../../port/registry.ts";

/** The calls of one part, one after the other. */
export class PendingCall {
  readonly #notify: () => void;
  /** The number of the call that is under way; 0 for none. */
  #number = 0;
  #lastNumber = 0;
  #sentMs = 0;
  #answer: RegistryAnswer | undefined;

  /** @param notify called when an answer has come */
  constructor(notify: () => void) {
    this.#notify = notify;
  }

  /** Whether a call is under way, or its answer was not taken. */
  get isPending(): boolean {
    return this.#number !== 0;
  }

  /** Whether an answer waits to be taken. */
  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  /** Makes a call, which must not happen while one is under way. */
  begin(nowMs: number, ask: (answer: Answer) => void): void {
    const number = ++this.#lastNumber;
    this.#number = number;
    this.#sentMs = nowMs;
    ask((answer) => {
      if (this.#number !== number || this.#answer !== undefined) return;
      this.#answer = answer;
      this.#notify();
    });
  }

  /** Takes the answer, which is a failure when none came in `timeoutMs`; `undefined` while there is none. */
  take(nowMs: number, timeoutMs: number): RegistryAnswer | undefined {
    if (this.#number === 0) return undefined;
    const answer = this.#answer ?? (nowMs - this.#sentMs >= timeoutMs ? UNANSWERED : undefined);
    if (answer !== undefined) this.drop();
    return answer;
  }

  /** When {@link take} needs to be called again, at the latest; `Infinity` when nothing is under way. */
  dueMs(timeoutMs: number): number {
    return this.#number === 0 ? Infinity : this.#sentMs + timeoutMs;
  }

  /** Hears no answer to the call that is under way. */
  drop(): void {
    this.#number = 0;
    this.#answer = undefined;
  }
}

const NO_ANSWER: CloseReason = {
  kind: "timeout",
  message: "the registry of leases has not answered in time",
};
/** The answer to a call that has waited long enough. */
export const UNANSWERED: RegistryAnswer = { kind: "failed", reason: NO_ANSWER };
