/**
 * One process's line to the records of a network in memory, which a test disturbs: calls
 * and answers are lost or come late, watches tell nothing, and its clock runs at a rate of its own.
 */
import type {
  Answer,
  LeasingTransport,
  MemoryTransport,
  Registry,
  RegistryAnswer,
  RegistryEvents,
} from "../../../src/index.ts";

/** What happens to a call: everything; nothing; all but the answer; the same later. */
export type Fate = "answered" | "lost" | "unanswered" | "late" | "answered late" | "failed";

/** One line; the transport of one process. */
export class LeasingLine implements LeasingTransport {
  /** What happens to each call, by its name. */
  fate: (call: string) => Fate = () => "answered";
  /** Whether its watches tell nothing. */
  isDeaf = false;
  /** How fast its clock runs. */
  rate = 1;
  /** What happens late, when the test says so. */
  readonly late: (() => void)[] = [];
  /** The calls so far. */
  readonly calls: string[] = [];
  events: RegistryEvents | undefined;
  isClosed = false;
  readonly #wire: MemoryTransport;

  constructor(wire: MemoryTransport) {
    this.#wire = wire;
  }

  registry(): Registry {
    const below = this.#wire.registry();
    const make = (name: string, answer: Answer, call: (answer: Answer) => void): void =>
      this.#make(name, answer, call);
    this.isClosed = false;
    return {
      attach: (events) => {
        this.events = events;
        below.attach(events);
      },
      create: (key, value, answer) => make("create", answer, (given) => below.create(key, value, given)),
      update: (key, value, revision, answer) =>
        make("update", answer, (given) => below.update(key, value, revision, given)),
      remove: (key, revision, answer) =>
        make("remove", answer, (given) => below.remove(key, revision, given)),
      read: (key, answer) => make("read", answer, (given) => below.read(key, given)),
      watch: (pattern, watcher) =>
        below.watch(pattern, {
          ...watcher,
          changed: (key, record) => {
            if (!this.isDeaf) watcher.changed(key, record);
          },
        }),
      uniqueName: () => below.uniqueName(),
      leastMs: (polledMs) => this.rate * polledMs,
      mostMs: (polledMs) => this.rate * polledMs,
      close: () => {
        this.isClosed = true;
        below.close();
      },
    };
  }

  /** Everything late happens now, in order. */
  release(): void {
    for (const happen of this.late.splice(0)) happen();
  }

  #make(name: string, answer: Answer, call: (answer: Answer) => void): void {
    this.calls.push(name);
    const fate = this.fate(name);
    if (fate === "answered") call(answer);
    else if (fate === "unanswered") call(() => {});
    else if (fate === "late") this.late.push(() => call(answer));
    else if (fate === "answered late")
      call((given: RegistryAnswer) => void this.late.push(() => answer(given)));
    else if (fate === "failed") answer({ kind: "failed", reason: { kind: "unreachable", message: "away" } });
  }
}
