/**
 * The game's own verdict on a request: it is asked once for each request that has the
 * right path and origin, and may answer later.
 *
 *     request ──▶ admit ──▶ true, facts ───────────▶ a WebSocket
 *                  ├──────▶ false, a status ───────▶ that status, and a drop
 *                  ├──────▶ throws, or no verdict ─▶ 500, and a drop with the cause
 *                  └──────▶ no answer in time ─────▶ 503, and a drop
 *
 * Whatever it does, nothing is thrown into the server. Its deadline counts polled
 * time. Knows no sockets, and sends nothing.
 */
import { kindOf } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";

/** The statuses that `admit` may answer a request with. */
export type RefusalStatus = 401 | 403 | 404 | 429 | 503;

/**
 * What `admit` may answer: `true`; `false`, which is 403; one of a few statuses; or an
 * object of facts about the peer, which `connection.request.facts` then has.
 */
export type Verdict = boolean | RefusalStatus | object;

/** The game's own decision about a request, at once or in a promise. */
export type Admit = (request: UpgradeRequest) => Verdict | PromiseLike<Verdict>;

/** What becomes of a request. */
export type Outcome = { readonly facts: unknown } | Refusal;

/** The HTTP status of a refused request, and the reason of the drop. */
export interface Refusal {
  readonly status: number;
  readonly reason: CloseReason;
}

/** Asks `admit`, and waits for its late answers. */
export class AdmitQueue {
  readonly #admit: Admit;
  readonly #timeoutMs: number;
  /** The requests whose verdict is not there, the one that waits longest first. */
  readonly #waiting = new Set<Waiting>();
  #polledMs = 0;
  #lastPumpMs: number | undefined;

  constructor(admit: Admit, timeoutMs: number) {
    this.#admit = admit;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Calls `answer` once: within this call, unless the verdict comes in a promise. Then it
   * returns what forgets the request, whose peer has left: `answer` is not called any more,
   * and nothing is kept for it, however long the game keeps its promise.
   */
  ask(request: UpgradeRequest, answer: (outcome: Outcome) => void): (() => void) | undefined {
    const outcome = this.#judge(request);
    if (isPromise(outcome)) return this.#wait(outcome, answer);
    answer(outcome);
    return undefined;
  }

  /** Refuses the requests that have waited too long. Returns the delay until the next one has, in milliseconds. */
  pump(nowMs: number): number {
    const deltaMs = nowMs - (this.#lastPumpMs ?? nowMs);
    this.#lastPumpMs = nowMs;
    this.#polledMs += Math.min(Math.max(deltaMs, 0), MAX_FRAME_MS);
    for (const waiting of this.#waiting) {
      const { dueMs } = waiting;
      if (dueMs > this.#polledMs) return Math.min(dueMs - this.#polledMs, MAX_FRAME_MS);
      this.#settle(waiting, LATE);
    }
    return Infinity;
  }

  #judge(request: UpgradeRequest): Outcome | PromiseLike<unknown> {
    const admit = this.#admit; // called as a function, not as a method of this
    try {
      const verdict: unknown = admit(request);
      return isPromise(verdict) ? verdict : outcomeOf(verdict);
    } catch (cause) {
      return failed("admit threw (see cause)", cause);
    }
  }

  #wait(verdict: PromiseLike<unknown>, answer: (outcome: Outcome) => void): () => void {
    const waiting: Waiting = { dueMs: this.#polledMs + this.#timeoutMs, answer };
    this.#waiting.add(waiting);
    // A promise of the game's own may call back at once, twice, or throw; one of the language does not.
    Promise.resolve(verdict).then(
      (value) => this.#settle(waiting, outcomeOf(value)),
      (cause: unknown) => this.#settle(waiting, failed("admit rejected its promise (see cause)", cause)),
    );
    return () => {
      this.#take(waiting);
    };
  }

  #settle(waiting: Waiting, outcome: Outcome): void {
    this.#take(waiting)?.(outcome);
  }

  /** Ends the wait of a request. Returns whom to answer; nobody when it has ended before. */
  #take(waiting: Waiting): Waiting["answer"] {
    const { answer } = waiting;
    waiting.answer = undefined; // the promise holds `waiting`
    this.#waiting.delete(waiting);
    return answer;
  }
}

/** A request whose verdict is not there. */
interface Waiting {
  readonly dueMs: number;
  /** `undefined` once it does not wait any more. */
  answer: ((outcome: Outcome) => void) | undefined;
}

function outcomeOf(verdict: unknown): Outcome {
  if (verdict === true) return { facts: undefined };
  if (verdict === false) return refused(FORBIDDEN);
  if (typeof verdict === "number" && KINDS.has(verdict)) return refused(verdict);
  if (typeof verdict === "object" && verdict !== null && !Array.isArray(verdict)) return { facts: verdict };
  const got = typeof verdict === "number" ? verdict : kindOf(verdict);
  const expected = `true, false, one of ${[...KINDS.keys()].join(", ")}, or an object`;
  return failed(
    "admit gave no verdict (see cause)",
    new TypeError(`admit: expected ${expected}, got ${got}`),
  );
}

function refused(status: number): Refusal {
  const kind = KINDS.get(status) ?? "denied";
  return {
    status,
    reason: { kind, code: String(status), message: `admit refused the request with ${status}` },
  };
}

function failed(message: string, cause: unknown): Refusal {
  return { status: 500, reason: { kind: "failed", code: "500", message, cause } };
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}

const FORBIDDEN = 403;
/** The kind of the drop for each status. */
const KINDS: ReadonlyMap<number, CloseReason["kind"]> = new Map([
  [401, "denied"],
  [FORBIDDEN, "denied"],
  [404, "refused"],
  [429, "overflow"],
  [503, "overflow"],
]);
const LATE: Refusal = {
  status: 503,
  reason: { kind: "timeout", code: "admitTimeoutMs", message: "admit gave no verdict within admitTimeoutMs" },
};
/** The most that one frame counts for; the same as a poller's default `maxFrameMs`. */
const MAX_FRAME_MS = 1_000;
