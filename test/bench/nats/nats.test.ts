/** What the measurements over a broker are made of. Nothing here measures a time. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuMsBetween, msIn } from "./cpu-of.ts";
import { deliveriesOf, NatsRows, tables } from "./figures.ts";
import type { PeerReport } from "./job.ts";
import { Latencies } from "./latencies.ts";
import { Inputs, inputsIn, Stamped, stampOf } from "./messages.ts";
import { carried, paperTable } from "./paper.ts";
import type { NatsResult } from "./run.ts";
import { HeardBytes } from "./wires/raw.ts";
import { WORKS } from "./works.ts";

describe("a count of bytes", () => {
  test("is one of messages, and shows the last one, however they come in pieces", () => {
    const wholeOf = (text: string) => `MSG a 1 4\r\n${text}\r\n`;
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }),
        (messages, cuts) => {
          const heard = new HeardBytes("MSG a 1 4\r\n".length, 4);
          const texts = Array.from({ length: messages }, (_, number) => String(number).padStart(4, "0"));
          const stream = Buffer.from(`${texts.map(wholeOf).join("")}MSG a`);
          let at = 0;
          for (const size of [...cuts, stream.length]) heard.put(stream.subarray(at, (at += size)));
          const shown: string[] = [];
          heard.take((message) => shown.push(Buffer.from(message).toString()));
          expect(shown).toEqual(texts.map(() => texts.at(-1)));
          expect(heard.count).toBe(0);
        },
      ),
    );
  });
});

describe("messages", () => {
  test("have the time at which they were sent, and their number", () => {
    const { bytes } = new Stamped(100);
    const stamped = new Stamped(100).stamp(1234.5, 7);
    expect([stamped.length, bytes.length]).toEqual([100, 100]);
    expect(stampOf(stamped)).toEqual({ sentMs: 1234.5, number: 7 });
  });

  test("of a frame's inputs say how many they are, of whom, also where they need more room", () => {
    const inputs = new Inputs();
    const line = new TextEncoder().encode("cube 1................");
    for (const players of [0, 1, 5_000]) {
      inputs.begin(9);
      for (let player = 0; player < players; player++) inputs.add(player, line);
      expect([inputs.count, inputsIn(inputs.message, line.length)]).toEqual([players, players]);
    }
    expect(new DataView(inputs.message.buffer).getFloat64(0)).toBe(9);
    const last = inputs.message.subarray(-line.length - 4);
    expect(new DataView(last.buffer, last.byteOffset).getUint32(0)).toBe(4_999);
    expect(last.subarray(4)).toEqual(line);
  });
});

describe("latencies", () => {
  test("are compared message by message with the first wire, and what one has not heard is left out", () => {
    const latencies = new Latencies(2);
    for (const [number, lateMs] of [1, 2, 3].entries()) latencies.add(0, number, lateMs, number);
    latencies.add(1, 0, 1.5, 0);
    latencies.add(1, 1, 3, 2);
    latencies.add(1, 9, 50, 9);
    const [first, second] = latencies.results();
    expect(first).toMatchObject({ p50Ms: 2, p99Ms: 3, addedP50Ms: 0, laterPart: 0 });
    expect(second).toMatchObject({ p50Ms: 3, p99Ms: 50, addedP50Ms: 1, addedP99Ms: 1, laterPart: 0.5 });
    latencies.clear();
    expect(latencies.results()[1]?.p50Ms).toBeNaN();
  });
});

describe("the broker's CPU", () => {
  test("is that of all its threads between two looks, also of those that have begun meanwhile", () => {
    expect(msIn("12345678 2345 67")).toBe(12.345678);
    const before = new Map([
      ["1", 10],
      ["2", 5],
    ]);
    const after = new Map([
      ["1", 12],
      ["3", 1.5],
    ]);
    expect(cpuMsBetween(before, after)).toBe(3.5);
    expect(cpuMsBetween(before, undefined)).toBeUndefined();
  });
});

describe("the tables", () => {
  const rows = new NatsRows();
  for (const slowness of [1, 10]) {
    rows.add("frames", "tcp", resultOf({ cpuMs: slowness }, undefined));
    rows.add("frames", "hand", resultOf({ cpuMs: 2 * slowness }, 2 * slowness));
    rows.add("frames", "nats", resultOf({ cpuMs: 3 * slowness }, 2 * slowness));
  }

  test("take ratios within each round, so that a slow round of all changes nothing", () => {
    expect(rows.ratio("frames", "nats", "tcp", "allUs")).toEqual({ median: 4, least: 4, most: 4 });
    expect(rows.figure("frames", "nats", "endsUs")?.median).toBe(33);
    expect(rows.figure("frames", "tcp", "brokerUs")).toBeUndefined();
  });

  test("have a row for each contestant that was measured, and none for the others", () => {
    const [head, rule, ...lines] = tables(WORKS, rows);
    expect(head?.split("|").length).toBe(rule?.split("|").length);
    const measured = lines.slice(0, lines.indexOf(""));
    expect(measured).toHaveLength(3);
    expect(measured[2]).toBe("|  | `nats()`, datagrams | 1,000 | 33.00 µs | 11.00 µs | 4.00 | 1.33 |  |");
  });

  test("count as a delivery what the world or a gateway was handed", () => {
    const one = resultOf({ taken: 5, sent: 60 }, 1);
    expect(deliveriesOf(one)).toBe(1_000 + 5);
    expect(deliveriesOf({ ...one, crowd: peer({ taken: 35 }) })).toBe(60 + 5 + 35);
  });
});

describe("on paper", () => {
  const game = { title: "", players: 1_000, gateways: 10, worlds: 2, gatewaysOfWorld: 5, rateHz: 10 };
  const cost = { smallUs: 2, largeUs: 50 };

  test("each world's state goes to each gateway that has players of it, and a frame's inputs are one message", () => {
    const { inputs, states, outMegabytes, cores } = carried({ ...game, bundles: true }, cost);
    expect([inputs, states]).toEqual([100, 100]);
    // 10,000 inputs of 27 bytes, 100 states of 500 players, 200 heads.
    expect(outMegabytes).toBeCloseTo((10_000 * 27 + 100 * 500 * 12 + 200 * 100) / 1e6, 9);
    expect(cores).toBeCloseTo((100 * 50 + 100 * 50) / 1e6, 9);
  });

  test("inputs by themselves are as many as players have", () => {
    const { inputs, cores } = carried({ ...game, bundles: false }, cost);
    expect(inputs).toBe(10_000);
    expect(cores).toBeCloseTo((10_000 * 2 + 100 * 50) / 1e6, 9);
  });

  test("the manual's table is the one that its figures make", () => {
    const manual = readFileSync(new URL("../../../src/transport/README.md", import.meta.url), "utf8");
    const part = manual.slice(manual.indexOf("<!-- paper -->"), manual.indexOf("<!-- /paper -->"));
    const [smallUs, largeUs] = [...part.matchAll(/([\d.]+) µs/g)].map(([, figure]) => Number(figure));
    if (smallUs === undefined || largeUs === undefined) throw new Error("the manual has no figures");
    expect(part).toContain(paperTable({ smallUs, largeUs }));
  });
});

describe("the program", () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const run = (args: readonly string[], env?: NodeJS.ProcessEnv) =>
    execFileSync(process.execPath, ["--import", "tsx", main, ...args], {
      stdio: "pipe",
      encoding: "utf8",
      env,
    });

  test("refuses a work that it does not know, as nothing would be measured", () => {
    expect(() => run(["--only", "idle-7"], process.env)).toThrow(
      /bench: --only: expected some of frames, .*, got "idle-7"/,
    );
  });

  test("writes down nothing but a whole run", () => {
    expect(() => run(["--write", "--quick"], process.env)).toThrow(/--write: only a whole run/);
  });

  test("says by name what is missing where there is no broker", () => {
    expect(run([], { ...process.env, PATH: "" })).toMatch(/^Nothing was measured: nats-server is not here/);
  });
});

/** 1,000 messages in a second, but for what is given of the gateway. */
function resultOf(gateway: Partial<PeerReport>, brokerCpuMs: number | undefined): NatsResult {
  return {
    gateway: peer({ cpuMs: 1, ...gateway }),
    world: peer({ taken: 1_000, cpuMs: gateway.cpuMs ?? 1 }),
    brokerCpuMs,
  };
}

function peer(report: Partial<PeerReport>): PeerReport {
  return { elapsedMs: 1_000, cpuMs: 0, systemMs: 0, sent: 0, taken: 0, lost: 0, refused: 0, ...report };
}
