/** What the benchmark makes of its figures. Nothing here measures a time. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { topFunctions } from "./measure/profile.ts";
import type { LoadReport, Result, ServerReport } from "./measure/reports.ts";
import { totalOf } from "./measure/syscalls.ts";
import { barsOf, CHARTS, type Chart, svgOf } from "./report/chart.ts";
import { betweenMarks, MANUAL } from "./report/report.ts";
import { faultsOf, isMet, Rows } from "./report/rows.ts";
import { spreadOf } from "./report/statistics.ts";
import { details, formatSpread, summary } from "./report/table.ts";
import { bytesPerLine, messagesAsSent } from "./wire.ts";
import { CONTESTANTS, WORKS, type Work } from "./works.ts";

describe("statistics", () => {
  test("a median is the middle value, or between the two middle ones, and none is none", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([4, 1, 10, 2])).toEqual({ median: 3, least: 1, most: 10 });
    expect(spreadOf([])).toBeUndefined();
  });
});

describe("a ratio", () => {
  test("is taken within each round, so that a slow round of both changes nothing", () => {
    const rows = new Rows();
    for (const [round, slowness] of [1, 10, 1.5].entries()) {
      rows.add("lines-1000x1", "plain", round, resultOf({ cpuMs: 400 * slowness }));
      rows.add("lines-1000x1", "tcp", round, resultOf({ cpuMs: 200 * slowness }));
    }
    const compared = rows.compared("lines-1000x1", {
      figure: "cpuPerMessage",
      of: "tcp",
      against: { contestant: "plain" },
    });
    expect(compared).toEqual({ median: 0.5, least: 0.5, most: 0.5 });
  });

  test("leaves out a round in which one side is missing", () => {
    const rows = new Rows();
    rows.add("churn", "plain", 1, resultOf({ peakBytes: 10 }));
    rows.add("churn", "tcp", 0, resultOf({ peakBytes: 1 }));
    rows.add("churn", "tcp", 1, resultOf({ peakBytes: 20 }));
    const peak = { figure: "peak", of: "tcp", against: { contestant: "plain" } } as const;
    expect(rows.compared("churn", peak)?.least).toBe(2);
  });

  test("is met up to its bound, missed beyond it, and neither when nothing was measured", () => {
    const expected = { figure: "cpu", of: "tcp", atMost: 0.5 } as const;
    const at = (median: number) => isMet(expected, { median, least: 0, most: 9 });
    expect([at(0.5), at(0.51), isMet(expected, undefined)]).toEqual([true, false, undefined]);
    expect(isMet({ figure: "messages", of: "tcp", atLeast: 3 }, { median: 2, least: 2, most: 2 })).toBe(
      false,
    );
  });
});

describe("a run", () => {
  test("that carried its load has no faults", () => {
    expect(faultsOf(work("lines-1000x1"), "tcp", resultOf({}))).toEqual([]);
  });

  test("that did not is told, with what was due", () => {
    const result = resultOf({ taken: 30_000, connections: 900 });
    expect(faultsOf(work("lines-1000x1"), "tcp", result)).toEqual([
      "connections: 900 where 1000 were due",
      "taken/s: 30000 where 60000 were due",
    ]);
  });

  test("whose load had no time to spare, or was late, may have measured the load", () => {
    const result = resultOf({}, { cpuMs: 950, loopDelayP99Ms: 40 });
    expect(faultsOf(work("lines-1000x1"), "tcp", result)).toEqual([
      "the load had 95 % CPU: too busy",
      "the load was 40 ms late (p99)",
    ]);
  });

  test("is told when the clients did not receive what the server sent", () => {
    const sent = { taken: 0, sent: 120_000, connections: 500 };
    const received = (lines: number) => resultOf(sent, { receivedBytes: 24 * lines });
    expect(faultsOf(work("broadcast-500x4"), "tcp", received(120_000))).toEqual([]);
    expect(faultsOf(work("broadcast-500x4"), "tcp", received(60_000))).toEqual([
      "received by the load/s: 60000 where 120000 were due",
    ]);
  });
});

describe("the tables", () => {
  const rows = new Rows();
  rows.add("lines-1000x1", "plain", 0, resultOf({ cpuMs: 400, frameP99Us: 500 }));
  rows.add("lines-1000x1", "tcp", 0, resultOf({ cpuMs: 200, frameP99Us: 1_000 }));

  test("say of each expectation what came of it", () => {
    const table = summary([work("lines-1000x1")], rows);
    expect(table.slice(2)).toEqual([
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | 3.33 µs | 6.67 µs (plain) | 0.50 | ≤ 0.55 | met |",
      "| 1,000 connections × 60 Hz × 1 line | frame p99 | 1,000 µs | 500 µs (plain) | 2.00 | ≤ 1 | **missed** |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | 3.33 µs | – (python) | – | ≤ 1 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | frame p99 | 1,000 µs | – (python) | – | ≤ 0.1 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (native tcp) | 6.67 µs (plain) | – | ≤ 0.55 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (native tcp) | – (python) | – | ≤ 1.05 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (native tcp) | – (epoll) | – | ≤ 1.35 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | the game's thread, per message | – (threaded) | – (plain) | – | ≤ 0.1 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | frame p99 | – (threaded) | 500 µs (plain) | – | ≤ 1 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (conditioned) | 3.33 µs (tcp) | – | ≤ 1.1 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (tcp recorded) | 3.33 µs (tcp) | – | ≤ 1.2 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (session) | 3.33 µs (tcp) | – | ≤ 1.4 | not measured |",
      "| 1,000 connections × 60 Hz × 1 line | CPU per message | – (websocket) | – (ws) | – | ≤ 1.05 | not measured |",
    ]);
  });

  test("show all contestants that took part, and no column without a figure", () => {
    const table = details([work("lines-1000x1")], rows).filter((line) => line.startsWith("|"));
    expect(table).toHaveLength(4);
    expect(table[0]).toContain("| server CPU | CPU per message | of it in the system | frame p50 |");
    expect(table[0]).not.toContain("system calls");
    expect(table[3]).toContain(
      "| **tickwire** `tcp` | 20.0 %<br>× 0.50 | 3.33 µs<br>× 0.50 | 1.00 µs<br>× 1.00 |",
    );
  });

  test("mark whose figures are in doubt, when most of the runs are", () => {
    const doubted = new Rows();
    for (const round of [0, 1, 2]) doubted.add("lines-1000x1", "tcp", round, resultOf({}));
    doubted.doubt("lines-1000x1", "tcp");
    expect(details([work("lines-1000x1")], doubted).join()).not.toContain("†");
    doubted.doubt("lines-1000x1", "tcp");
    expect(details([work("lines-1000x1")], doubted).join()).toContain("| **tickwire** `tcp` † |");
  });

  test("give small ratios more digits, and a spread only where there is one", () => {
    expect(formatSpread({ median: 0.5, least: 0.4, most: 0.6 })).toBe("0.50 (0.40–0.60)");
    expect(formatSpread({ median: 0.0123, least: 0.0123, most: 0.0123 })).toBe("0.012");
  });

  test("go between the marks of the manual, and nothing else changes", () => {
    const text = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter";
    expect(betweenMarks(text, "new")).toBe("before\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nafter");
    expect(() => betweenMarks("no marks", "new")).toThrow("there is no <!-- bench --> … <!-- /bench -->");
    expect(betweenMarks(readFileSync(MANUAL, "utf8"), "new")).toContain("\n\nnew\n\n");
  });
});

describe("a chart", () => {
  const [costs, gameThread] = CHARTS as [Chart, Chart];
  const rows = new Rows();
  rows.add("lines-1000x1", "plain", 0, resultOf({ cpuMs: 400, mainThreadMs: 300 }));
  rows.add("lines-1000x1", "threaded", 0, resultOf({ cpuMs: 100, mainThreadMs: 30 }));
  rows.add("lines-1000x1", "tcp", 0, resultOf({ cpuMs: 200 }));
  rows.add("lines-1000x1", "ws", 0, resultOf({ cpuMs: 4_000 }));
  const groups = barsOf(costs, WORKS, rows);

  test("has a bar for each contestant that was measured, its cost beside the plain server's", () => {
    expect(groups).toEqual([
      {
        title: "1,000 connections × 60 Hz × 1 line: CPU",
        bars: [
          { name: "tickwire", ratio: 0.5, isTickwire: true },
          { name: "threaded", ratio: 0.25, isTickwire: true },
          { name: "ws", ratio: 10, isTickwire: false },
        ],
      },
    ]);
  });

  test("has those alone whose figure is known, on a scale of its own", () => {
    const [group] = barsOf(gameThread, WORKS, rows);
    expect(group?.title).toBe("1,000 connections × 60 Hz × 1 line: CPU of the game's thread");
    expect(group?.bars).toEqual([{ name: "threaded", ratio: 0.1, isTickwire: true }]);
    const ticks = [...svgOf(gameThread, [], "light").matchAll(/text-anchor="middle">([\d.]+)</g)];
    expect(ticks.map(([, tick]) => tick)).toEqual(["0.01", "0.1", "1", "10"]);
  });

  test("of what exists alone: every contestant and every figure is one of its work", () => {
    for (const { contestants, costs } of CHARTS) {
      const works = costs.map(({ work }) => WORKS.find(({ name }) => name === work));
      for (const [index, work] of works.entries()) {
        expect(work?.figures).toContain(costs[index]?.figure);
        expect(work?.contestants).toContain("plain");
      }
      const all = works.flatMap((work) => work?.contestants ?? []);
      for (const [contestant, name] of Object.entries(contestants)) {
        expect(all).toContain(contestant);
        expect(name.length, name).toBeLessThanOrEqual(15); // as it stands to the left of the bars
      }
    }
  });

  test("draws less to the left of the middle line and more to the right, as far as a factor goes", () => {
    const [group] = groups;
    const bars = group?.bars.filter(({ name }) => name !== "threaded") ?? [];
    const svg = svgOf(costs, [{ title: "", bars }], "light");
    const boxes = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    const [[left, leftWidth], [right, rightWidth]] = boxes.map(([, x, width]) => [
      Number(x),
      Number(width),
    ]) as [[number, number], [number, number]];
    expect(left + leftWidth).toBeCloseTo(right, 0);
    expect(rightWidth / leftWidth).toBeCloseTo(Math.log(10) / Math.log(2), 1);
  });

  test("is well-formed in both themes, whatever the titles hold, and marks what is off the scale", () => {
    const bars = [{ name: "a", ratio: 0.00001, isTickwire: true }];
    for (const theme of ["light", "dark"] as const) {
      const svg = svgOf(costs, [{ title: "<a> & b", bars }], theme);
      expect(svg).toContain("&lt;a&gt; &amp; b");
      expect(svg).toContain("◂ 0.0000");
      expect(svg).not.toMatch(/NaN|undefined/);
    }
    expect(svgOf(costs, groups, "light")).not.toBe(svgOf(costs, groups, "dark"));
  });
});

describe("what is read from others", () => {
  test("the calls in strace's summary", () => {
    const line = "100.00    0.012345           3      4115        12 total\n";
    expect(totalOf(`% time     seconds  usecs/call     calls    errors syscall\n${line}`)).toBe(4_115);
    expect(totalOf("strace: attach: Operation not permitted")).toBeUndefined();
  });

  test("the largest shares of a profile, without the rest between frames", () => {
    const frame = (functionName: string, url = "") => ({ functionName, url, lineNumber: 9 });
    const nodes = [
      { id: 1, callFrame: frame("(idle)") },
      { id: 2, callFrame: frame("poll", "file:///tmp/tickwire.mjs") },
      { id: 3, callFrame: frame("(garbage collector)") },
    ];
    const profile = { nodes, samples: [1, 2, 3, 2], timeDeltas: [5, 900, 30, 10, 0] };
    expect(topFunctions(profile, 2)).toEqual([
      { name: "poll tickwire.mjs:10", percent: 75 },
      { name: "(garbage collector)", percent: 25 },
    ]);
  });
});

describe("the works", () => {
  test("have names of their own, and expect something only of who takes part", () => {
    expect(new Set(WORKS.map(({ name }) => name)).size).toBe(WORKS.length);
    for (const { name, contestants, expected } of WORKS) {
      for (const { of, against } of expected) {
        expect(contestants, name).toContain(of);
        const others = WORKS.find((one) => one.name === (against?.work ?? name))?.contestants;
        if (against !== undefined) expect(others, name).toContain(against.contestant);
      }
    }
  });

  test("send the same text on every wire", () => {
    const line = messagesAsSent(CONTESTANTS.plain, 1);
    const frame = messagesAsSent(CONTESTANTS.ws, 1);
    const text = frame.subarray(6).map((byte, index) => byte ^ (frame[2 + (index % 4)] ?? 0));
    expect(`${text.toString()}\n`).toBe(line.toString());
    expect([line.length, bytesPerLine(CONTESTANTS.plain), bytesPerLine(CONTESTANTS.ws)]).toEqual([
      24, 24, 25,
    ]);
    expect(messagesAsSent(CONTESTANTS["tcp records"], 3)).toHaveLength(36);
    // A tick's lines are one WebSocket message on tickwire, here with a length of two bytes.
    expect(messagesAsSent(CONTESTANTS.websocket, 50).subarray(0, 4).toString("hex")).toBe("81fe04b0");
  });

  test("are refused by an unknown name, as nothing would be measured", () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const run = (...args: string[]) =>
      execFileSync(process.execPath, ["--import", "tsx", main, ...args], { stdio: "pipe" });
    expect(() => run("--only", "idle-7")).toThrow(
      /bench: --only: expected some of idle-10, .*, got "idle-7"/,
    );
    expect(() => run("--runs", "0")).toThrow('bench: --runs: expected a number above 0, got "0"');
  });
});

function work(name: string): Work {
  const found = WORKS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no work ${name}`);
  return found;
}

/** A second of 1,000 players at 60 Hz, but for what is given. */
function resultOf(server: Partial<ServerReport>, load: Partial<LoadReport> = {}): Result {
  return {
    server: {
      elapsedMs: 1_000,
      cpuMs: 300,
      systemMs: 60,
      frames: 60,
      frameP50Us: 1,
      frameP99Us: 2,
      frameMaxUs: 3,
      connections: 1_000,
      taken: 60_000,
      sent: 0,
      peakBytes: 1,
      ...server,
    },
    load: {
      elapsedMs: 1_000,
      cpuMs: 100,
      systemMs: 50,
      connections: 1_000,
      sent: 60_000,
      receivedBytes: 0,
      ...load,
    },
  };
}
