/**
 * A recording in a file: what stands in it when, and what is left of it after a crash.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { Recording, recorded, recordingFile, replayed } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { until } from "../link-pair.ts";
import { EchoServer, playMatch } from "./echo-match.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-recording-"));
let files = 0;
const newPath = (): string => join(folder, `${++files}.rec`);

afterAll(() => rmSync(folder, { recursive: true }));

function replayFile(path: string): { readonly said: readonly string[]; readonly frames: number } {
  const recording = Recording.fromBytes(readFileSync(path));
  const replay = replayed(recording);
  const server = new EchoServer(replay.transport);
  for (const nowMs of replay.times) server.tick(nowMs);
  expect(replay.divergence).toBeUndefined();
  return { said: server.said, frames: replay.frame };
}

describe("a recording in a file", () => {
  test("is whole when close() has returned, and replays", () => {
    const path = newPath();
    const recording = recordingFile(path, { meta: "a match" });
    const server = playMatch(300, (network) => recorded(network, recording));
    recording.close();
    expect(statSync(path).size).toBe(recording.sizeBytes);
    expect(replayFile(path)).toEqual({ said: server.said, frames: 300 });
    expect(Recording.fromBytes(readFileSync(path))).toMatchObject({
      damage: undefined,
      header: { meta: "a match" },
    });
    expect(recording.toBytes()).toEqual(new Uint8Array(readFileSync(path)));
  });

  test("has all but the last second of polled time while it runs", async () => {
    const path = newPath();
    const recording = recordingFile(path);
    playMatch(300, (network) => recorded(network, recording)); // 4.8 s
    await until(() => statSync(path).size === recording.sizeBytes);
    const { frames, damage } = Recording.fromBytes(readFileSync(path));
    expect(damage).toBeUndefined();
    expect(frames).toBeGreaterThan(300 - 1_000 / 16 - 2);
    expect(frames).toBeLessThan(300);
    recording.close();
    expect(Recording.fromBytes(readFileSync(path)).frames).toBe(300);
  });

  test("is not written over one that is there", () => {
    const path = newPath();
    writeFileSync(path, "precious");
    expect(() => recordingFile(path)).toThrow(/EEXIST/);
    expect(readFileSync(path, "utf8")).toBe("precious");
    expect(() => recordingFile("")).toThrow(RangeError);
    expect(() => recordingFile(newPath(), { flushMs: 0 })).toThrow(RangeError);
    expect(() => recordingFile(newPath(), { blockMs: 1 } as never)).toThrow(TypeError);
    expect(existsSync(join(folder, `${files}.rec`))).toBe(false); // a mistake makes no file
  });

  test("loses nothing to an exception that ends the process", () => {
    const path = newPath();
    const { stderr } = run(path, "throw new Error('the game is broken')");
    expect(stderr).toContain("the game is broken");
    const { frames, damage } = Recording.fromBytes(readFileSync(path));
    expect([frames, damage]).toEqual([30, undefined]);
    expect(replayFile(path).frames).toBe(30);
  });

  test("loses what came after its last block to a kill", needs("signals"), () => {
    const path = newPath();
    const least = Math.ceil(200 - 1_000 / 16 - 2);
    const die = `
      const { readFileSync } = await import("node:fs"); // a thread writes, when it has a turn
      while (Recording.fromBytes(readFileSync(${JSON.stringify(path)})).frames < ${least}) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      process.kill(process.pid, "SIGKILL")`;
    const { signal } = run(path, die, 200);
    expect(signal).toBe("SIGKILL");
    const { frames } = Recording.fromBytes(readFileSync(path));
    expect(frames).toBeGreaterThanOrEqual(least);
    expect(frames).toBeLessThan(200);
    expect(replayFile(path).frames).toBe(frames);
  });

  test("ends with the system's reason when the disk refuses it, and the game goes on", () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const recording = new Recording();
    recording.fail({ kind: "failed", code: "ENOSPC", message: "no space is left" });
    expect([recording.state, recording.reason?.code]).toEqual(["failed", "ENOSPC"]);
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
    const server = playMatch(20, (network) => recorded(network, recording));
    expect(server.said.length).toBeGreaterThan(10);
    expect(recording.frames).toBe(0);
  });
});

/** Another process that records `frames` frames, and then does `last`. */
function run(path: string, last: string, frames = 30) {
  const program = `
    import { Recording, recorded, recordingFile } from "./src/index.ts";
    import { playMatch } from "./test/transport/wrap/echo-match.ts";
    const recording = recordingFile(${JSON.stringify(path)});
    playMatch(${frames}, (network) => recorded(network, recording));
    ${last};`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  return spawnSync(process.execPath, args, { encoding: "utf8" });
}
