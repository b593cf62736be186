/**
 * The arena as processes: the launcher as a child, and an operator and a player of it without a page,
 * over the same links that pages use.
 */
import type { View } from "../../../demo/arena/shared/operator-wire.ts";
import { type Asked, playerCodec, type State, type Told } from "../../../demo/arena/shared/play-wire.ts";
import { PlayerLink } from "../../../demo/arena/shared/player-link.ts";
import { type Connection, json, Poller, runLoop, session } from "../../../src/index.ts";
import { websocket } from "../../../src/websocket.ts";
import { quietPort } from "../../ports.ts";
import { Child, DEADLINE_MS } from "../children.ts";

/** A launcher that runs, with an operator and a player. */
export class Launched {
  readonly child: Child;
  readonly port: number;
  view: View | undefined;
  readonly player: PlayerLink;
  /** The player's number, and the gateways that he was welcomed by. */
  id = 0;
  readonly gateways: string[] = [];
  /** What each zone has shown last, and when, in this program's time. */
  readonly states: Map<number, { readonly state: State; readonly atMs: number }> = new Map();
  readonly #operator: Connection<View, unknown>;
  readonly #over = new AbortController();
  readonly #done: Promise<unknown>;
  #seq = 0;

  /** What is waited for. */
  readonly #waits = new Set<{ readonly isSo: () => boolean; readonly done: () => void }>();

  private constructor(port: number, child: Child) {
    this.port = port;
    this.child = child;
    const poller = new Poller();
    const dial = (place: string): Connection<Told, Asked> =>
      poller.connect(session(websocket(`ws://${place}/link`)), playerCodec());
    this.#operator = poller.connect(
      session(websocket(`ws://127.0.0.1:${port}/link`), { resumeWindowMs: DEADLINE_MS }),
      json<View, unknown>(),
    );
    const identity = { name: "tester", secret: crypto.getRandomValues(new Uint8Array(16)) };
    const places = [`127.0.0.1:${port + 1}`];
    this.player = new PlayerLink({ dial, identity, looksHz: 30, places });
    this.#done = runLoop({
      rateHz: 60,
      poller,
      signal: this.#over.signal,
      tick: (_, { nowMs }) => this.#tick(nowMs),
    }).then(() => poller[Symbol.asyncDispose]());
  }

  /** Starts one, and waits until it plays. */
  static async start(...args: readonly string[]): Promise<Launched> {
    const port = await quietPort(4);
    const all = ["--import", "tsx", "demo/arena/main.ts", "--no-open", "--port", String(port), ...args];
    const child = new Child(process.execPath, all);
    await child.out.until(/^the operator is at/);
    return new Launched(port, child);
  }

  /** Waits until something is so, which is looked at in each frame of this program. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const { promise, resolve: done } = promiseOf();
    const wait = { isSo, done };
    this.#waits.add(wait);
    const deadline = setTimeout(done, DEADLINE_MS);
    await promise;
    clearTimeout(deadline);
    if (this.#waits.delete(wait))
      throw new Error(`${what}: never; last said:\n${this.child.out.all.slice(-30).join("\n")}`);
  }

  /** Gives an order, as the page's buttons do. */
  order(order: object): void {
    if (!this.#operator.trySend(order)) throw new Error("the operator has no link");
  }

  /** The player, as his world shows him; `undefined` while none does. */
  get self(): { readonly zone: number; readonly score: number; readonly gateway: string } | undefined {
    for (const [zone, { state }] of this.states) {
      const self = state.players.find(({ id }) => id === this.id);
      if (self === undefined) continue;
      return { zone, score: self.score, gateway: state.gateways[self.gateway] ?? "" };
    }
    return undefined;
  }

  /** Has the player walk that way from now on. */
  walk(dx: number, dy: number): void {
    this.#seq++;
    this.player.trySteer({ dx, dy, seq: this.#seq });
  }

  pidOf(name: string): number {
    const pid = this.view?.processes.find((one) => one.name === name)?.pid;
    if (pid === undefined || pid === null) throw new Error(`${name} has no process`);
    return pid;
  }

  /** Whether each zone has an owner, and has shown itself since `sinceMs`. */
  playsSince(sinceMs: number): boolean {
    const zones = this.view?.zones ?? Infinity;
    return this.states.size === zones && [...this.states.values()].every(({ atMs }) => atMs > sinceMs);
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#done;
    await this.child.kill("SIGTERM");
  }

  #tick(nowMs: number): void {
    for (const told of this.player.frame(nowMs)) {
      if (told.kind === "welcome") {
        this.id = told.id;
        this.gateways.push(told.gateway);
      }
      if (told.kind === "state") this.states.set(told.zone, { state: told, atMs: performance.now() });
    }
    this.view = this.#operator.tryRecvLatest() ?? this.view;
    for (const wait of this.#waits) {
      if (!wait.isSo()) continue;
      this.#waits.delete(wait);
      wait.done();
    }
  }
}

function promiseOf(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
