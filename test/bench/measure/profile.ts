/** Where the CPU time of a window went: the functions, each by itself. */
import { Session } from "node:inspector";
import { basename } from "node:path";
import type { Share } from "./reports.ts";

/** V8's profile, as far as it is read here. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Profiles this process, as `--cpu-prof` does, but for a window of its life. */
export class Profiler {
  readonly #session = new Session();

  begin(): void {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.start");
  }

  /** The functions with the largest shares. */
  end(): Share[] {
    let shares: Share[] = [];
    this.#session.post("Profiler.stop", (_, { profile }) => {
      const { nodes, samples = [], timeDeltas = [] } = profile;
      shares = topFunctions({ nodes, samples, timeDeltas }, TOP_FUNCTIONS);
    });
    this.#session.disconnect();
    return shares; // the session answers within the call
  }
}

/** The functions with the largest shares, the largest first. Rest between frames does not count. */
export function topFunctions({ nodes, samples, timeDeltas }: Profile, count: number): Share[] {
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOfFrame(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = nameOf.get(id) ?? "?";
    if (name === "(idle)" || name === "(program)" || name === "(root)") continue;
    const time = timeDeltas[index + 1] ?? 0; // until the next sample
    times.set(name, (times.get(name) ?? 0) + time);
    total += time;
  }
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / total }))
    .sort((one, other) => other.percent - one.percent)
    .slice(0, count);
}

function nameOfFrame({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  return `${name} ${url.startsWith("node:") ? url : `${basename(url)}:${lineNumber + 1}`}`;
}

const TOP_FUNCTIONS = 12;
