/**
 * The network thread's own loop.
 *
 *     a message opens a channel ──▶ station
 *     woken by the game ──▶ each station reads what is asked
 *     sockets' callbacks ──▶ stations tell
 *
 * Its event loop is never blocked. It waits for the game's word by `Atomics.waitAsync`, and
 * where there is none by a timer. What goes wrong here is written where the game finds it,
 * and ends the thread: a network of which a part is missing would be worse than none.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Sleep } from "../../../port/transport.ts";
import type { IdleMessage, OpenMessage } from "../network-thread.ts";
import { awaitWord, canAwaitWords, THREAD, threadWords, writeEnding } from "../shared-words.ts";
import { transportOf } from "./blueprints.ts";
import { Coalescer } from "./coalescer.ts";
import { Station, type StationHost } from "./station.ts";

/** Runs this worker as the network thread, until the game's thread ends it. In any other thread it does nothing. */
export function runNetworkThread(): void {
  const { block } = (workerData ?? {}) as { readonly block?: unknown };
  if (parentPort === null || !(block instanceof SharedArrayBuffer)) return;
  const loop = new WorkerLoop(block);
  process.on("uncaughtException", loop.end);
  process.on("unhandledRejection", loop.end);
  parentPort.on("message", (message: OpenMessage) => loop.open(message));
  setInterval(() => loop.beat(), BEAT_MS);
  loop.beat();
}

/** The loop, which has the stations. */
class WorkerLoop implements StationHost {
  readonly #block: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #stations = new Set<Station>();
  /** How many channels are on their way to be stations. */
  #opening = 0;
  /** How many things were opened, and how many had been when the game was last told that none is left. */
  #opened = 0;
  #toldOpened = 0;
  readonly #coalescer = new Coalescer();
  #isResting = false;
  #isLooking = false;

  constructor(block: SharedArrayBuffer) {
    this.#block = block;
    this.#words = threadWords(block);
  }

  open({ block, blueprint }: OpenMessage): void {
    this.#opening++;
    transportOf(blueprint)
      .catch((error: Error) => error)
      .then((transport) => {
        this.#opening--;
        this.#stations.add(new Station(block, transport, this));
        this.#work();
        // A rest that has begun before knows nothing of a transport that waits for the system by itself.
        Atomics.add(this.#words, THREAD.work, 1);
        Atomics.notify(this.#words, THREAD.work);
      })
      .catch(this.end);
  }

  beat(): void {
    Atomics.add(this.#words, THREAD.beats, 1);
    for (const station of this.#stations) station.beat();
  }

  /** Ends the thread, and says why. */
  readonly end = (error: unknown): void => {
    writeEnding(this.#block, error instanceof Error ? error.message : String(error));
    this.told();
    process.exit(1);
  };

  // What the stations say.

  told(): void {
    this.#coalescer.count++;
    const words = this.#words;
    if (Atomics.load(words, THREAD.gameSleeps) === 0) return;
    Atomics.store(words, THREAD.gameSleeps, 0);
    Atomics.add(words, THREAD.activity, 1);
    Atomics.notify(words, THREAD.activity);
  }

  opened(): void {
    this.#opened++;
  }

  closed(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => this.#sayIfIdle());
  }

  /** Does what the game has asked for, and waits for its next word. */
  #work(): void {
    for (const station of this.#stations) station.work();
    this.#forgetThoseOver();
    this.#rest();
  }

  #rest(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    const words = this.#words;
    const before = Atomics.load(words, THREAD.work);
    Atomics.store(words, THREAD.workerSleeps, 1);
    let hasWork = false;
    for (const station of this.#stations) hasWork = station.hasWork || hasWork;
    const isDriven = sleepOnce(this.#stations, hasWork ? 0 : DRIVEN_REST_MS);
    if (isDriven) this.#coalescer.pause(performance.now());
    if (isDriven || hasWork) {
      Atomics.store(words, THREAD.workerSleeps, 0);
      setImmediate(this.#wake); // sockets have their turn first
    } else if (canAwaitWords) void awaitWord(words, THREAD.work, before).then(this.#wake).catch(this.end);
    else setTimeout(this.#wake, REST_MS);
  }

  readonly #wake = (): void => {
    this.#isResting = false;
    this.#work();
  };

  #forgetThoseOver(): void {
    for (const station of this.#stations) if (station.isOver) this.#stations.delete(station);
  }

  /**
   * Says that nothing is open any more, so that Node may exit. What is still to be opened the
   * game knows: it has asked for more then than it is told of.
   */
  #sayIfIdle(): void {
    this.#isLooking = false;
    this.#forgetThoseOver();
    if (this.#opening > 0 || this.#opened === this.#toldOpened) return;
    for (const station of this.#stations) if (station.isBusy) return;
    this.#toldOpened = this.#opened;
    parentPort?.postMessage({ opened: this.#opened } satisfies IdleMessage);
  }
}

/**
 * Has transports wait for the system by themselves, those that share a wait but once. Returns
 * whether there is one that does.
 */
export function sleepOnce(stations: Iterable<Pick<Station, "sleep">>, timeoutMs: number): boolean {
  let sleeps: Set<Sleep> | undefined;
  for (const { sleep } of stations) if (sleep !== undefined) (sleeps ??= new Set()).add(sleep);
  if (sleeps === undefined) return false;
  if (timeoutMs > 0) for (const sleep of sleeps) sleep(timeoutMs);
  return true;
}

/** Where the engine cannot wake a thread. */
const REST_MS = 1;
/** How long a transport may block this thread that waits for the system by itself. */
const DRIVEN_REST_MS = 1;
const BEAT_MS = 250;
