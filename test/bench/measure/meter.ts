/**
 * What a process measures of itself in a window: its CPU, how late its event
 * loop was, its garbage collections. Costs the same in every contestant.
 */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import type { Usage } from "./reports.ts";

/** One window after another. */
export class Meter {
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #observer: PerformanceObserver;
  #collections = 0;
  #gcPauseMs = 0;
  #startMs = performance.now();
  #startCpu = process.cpuUsage();
  #startThreadMs = threadMs();

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()));
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#delay.enable();
  }

  begin(): void {
    this.#observer.takeRecords();
    this.#collections = 0;
    this.#gcPauseMs = 0;
    this.#delay.reset();
    this.#startMs = performance.now();
    this.#startCpu = process.cpuUsage();
    this.#startThreadMs = threadMs();
  }

  end(): Usage & { loopDelayP99Ms: number; collections: number; gcPauseMs: number } {
    const elapsedMs = performance.now() - this.#startMs;
    const { user, system } = process.cpuUsage(this.#startCpu);
    const endThreadMs = threadMs();
    this.#count(this.#observer.takeRecords());
    return {
      elapsedMs,
      ...(endThreadMs !== undefined &&
        this.#startThreadMs !== undefined && { mainThreadMs: endThreadMs - this.#startThreadMs }),
      cpuMs: (user + system) / 1_000,
      systemMs: system / 1_000,
      // Node records the whole time between two looks, the rest that was asked for included.
      loopDelayP99Ms: Math.max(0, this.#delay.percentile(99) / 1e6 - DELAY_RESOLUTION_MS),
      collections: this.#collections,
      gcPauseMs: this.#gcPauseMs,
    };
  }

  #count(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime, duration } of entries) {
      if (startTime < this.#startMs) continue; // the one that the window began with
      this.#collections++;
      this.#gcPauseMs += duration;
    }
  }
}

/** The CPU time of this process's first thread; `undefined` where the system does not say it. */
function threadMs(): number | undefined {
  try {
    const [onCpuNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(onCpuNs) / 1e6;
  } catch {
    return undefined; // Linux alone has it
  }
}

/** Times of frames, kept without an allocation per frame. */
export class Samples {
  #values = new Float64Array(65_536);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) this.#grow();
    this.#values[this.#count++] = value;
  }

  clear(): void {
    this.#count = 0;
  }

  /** From 0, the least, to 1, the most; NaN when there are none. */
  quantile(part: number): number {
    const sorted = this.#values.slice(0, this.#count).sort();
    return sorted[Math.min(this.#count - 1, Math.floor(this.#count * part))] ?? Number.NaN;
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}

const DELAY_RESOLUTION_MS = 10;
