/**
 * The operator's end: gathers what all processes tell of themselves and which leases there
 * are, shows it to the operator's pages, and does what these ask for. Stands outside of the
 * game: the arena plays on without it.
 *
 *     statuses, leases, controls ──▶ view, four times a second ──▶ pages
 *     pages ── kill, stop, continue, cut ──▶ controls
 */
import {
  type DatagramSocket,
  json,
  type Listener,
  type Listing,
  leases,
  Poller,
  type Transport,
} from "../../src/index.ts";
import { STATUS, type Status, TTL_MS, ZONE_LEASES } from "./bus-wire.ts";
import type { Controlled, Controls } from "./controls.ts";
import type { Bus } from "./member.ts";
import { isOrder, type LeaseView, type Order, type ProcessView, type View } from "./shared/operator-wire.ts";

/** What the operator's end is told. */
export interface OperatorOptions {
  readonly bus: Bus;
  readonly controls: Controls;
  /** Where its pages come in. */
  readonly pages: Transport;
  /** Where the players' pages are. */
  readonly gateways: readonly string[];
  readonly zones: number;
  /** Prints a line, too. */
  readonly print: (line: string) => void;
}

/** The operator's end. */
export class Operator {
  readonly poller: Poller = new Poller();
  readonly #options: OperatorOptions;
  readonly #statuses: DatagramSocket<Status>;
  readonly #listing: Listing;
  readonly #listener: Listener<unknown, View>;
  readonly #known = new Map<string, Known>();
  readonly #lines: [number, string, string][] = [];
  #beganMs: number | undefined;
  #nowMs = 0;
  #viewDueMs = Number.NEGATIVE_INFINITY;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#statuses = this.poller.bind<Status, Status>(options.bus, json());
    this.#statuses.join(STATUS);
    this.#listing = this.poller.list(leases(options.bus, ZONE_LEASES));
    this.#listener = this.poller.listen<unknown, View>(options.pages, json<unknown, View>());
  }

  /** Notes what has happened, and prints it. */
  say(who: string, line: string): void {
    this.#options.print(`${who.padEnd(9)} | ${line}`);
    this.#lines.push([this.#nowMs - (this.#beganMs ?? this.#nowMs), who, line]);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  /** One frame, between `poll()` and `flush()`. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#beganMs ??= nowMs;
    for (let status = this.#statuses.tryRecv(); status !== undefined; status = this.#statuses.tryRecv())
      this.#note(status, nowMs);
    while (this.#listener.tryAccept() !== undefined);
    this.#listener.drain((_, order) => {
      if (isOrder(order)) this.#obey(order);
    });
    if (nowMs < this.#viewDueMs) return;
    this.#viewDueMs = nowMs + VIEW_EVERY_MS;
    this.#listener.broadcastLatest("view", this.view());
  }

  /** What the pages see. */
  view(): View {
    const { controls, gateways, zones } = this.#options;
    return {
      broker: controls.broker,
      gateways,
      zones,
      ttlMs: TTL_MS,
      processes: controls.processes.map((one) => this.#viewOf(one)),
      leases: this.#listing.entries.map(leaseView),
      lines: this.#lines,
    };
  }

  #obey(order: Order): void {
    const { controls } = this.#options;
    if (order.kind === "cut") {
      if (controls.broker.why !== undefined || controls.broker.state === "cut") return;
      this.say("operator", "takes the broker away");
      controls.cut();
      return;
    }
    const found = controls.processes.find(({ name }) => name === order.name);
    if (found === undefined) return;
    this.say("operator", `${ORDERS[order.kind]} ${found.name}`);
    found[order.kind]();
  }

  #note(status: Status, nowMs: number): void {
    const before = this.#known.get(status.name);
    const isSame = before?.status.pid === status.pid && before.status.bytesIn <= status.bytesIn;
    const seconds = isSame ? (nowMs - before.atMs) / 1_000 : 0;
    const rate = (now: number, then: number): number | null => (seconds > 0 ? (now - then) / seconds : null);
    this.#known.set(status.name, {
      status,
      atMs: nowMs,
      inBytes: rate(status.bytesIn, before?.status.bytesIn ?? 0),
      outBytes: rate(status.bytesOut, before?.status.bytesOut ?? 0),
    });
  }

  #viewOf({ name, role, pid, state }: Controlled): ProcessView {
    const known = this.#known.get(name);
    const isTold = known !== undefined && state !== "gone" && this.#nowMs - known.atMs < OLD_MS;
    const status = isTold ? known.status : undefined;
    return {
      name,
      role,
      pid: pid ?? null,
      state,
      silentMs: known === undefined ? null : this.#nowMs - known.atMs,
      framesHz: status?.framesHz ?? null,
      p99Ms: status?.p99Ms ?? null,
      inBytes: isTold ? known.inBytes : null,
      outBytes: isTold ? known.outBytes : null,
      lost: status?.lost ?? 0,
      failed: status?.failed ?? 0,
      lineMs: status?.lineMs ?? null,
      busMs: status?.busMs ?? [],
      players: status?.players ?? {},
      zones: status?.zones ?? [],
    };
  }
}

interface Known {
  readonly status: Status;
  readonly atMs: number;
  readonly inBytes: number | null;
  readonly outBytes: number | null;
}

function leaseView({ name, epoch, meta }: { name: string; epoch: number; meta: unknown }): LeaseView {
  const { name: world, pid } = (meta ?? {}) as { readonly name?: unknown; readonly pid?: unknown };
  return {
    zone: Number(name.split("-").at(-1)),
    epoch,
    world: typeof world === "string" ? world : "?",
    pid: typeof pid === "number" ? pid : null,
  };
}

const ORDERS = { kill: "kills", stop: "stops", continue: "continues" } as const;
const VIEW_EVERY_MS = 250;
/** As many as a screen has. */
const MOST_LINES = 60;
/** A process tells of itself twice a second. */
const OLD_MS = 2_000;
