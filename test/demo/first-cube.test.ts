/**
 * The first cube against everybody who speaks its lines: itself, the big cube,
 * Python's peer, `nc` and strangers. It is short enough for a lesson, and the
 * README.md shows it as it is.
 */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../machine.ts";
import { quietPort } from "../ports.ts";
import { Caller, Child, cube, DEADLINE_MS, endAll, pythonPeer } from "./children.ts";

afterEach(endAll);

const RIGHT = "\x1b[C";
const PLACE = /^(?:tick \d+ )?cube (\S+ \S+ \S+)$/;

describe("the first cube", { timeout: 3 * DEADLINE_MS }, () => {
  it("moves by its keys, and the mirror shows it", async () => {
    const { mirror, mover } = await both();
    mover.type(`${RIGHT}${RIGHT}e`);
    await mirror.out.until(/^cube 2 1 0$/);
    mover.type("\x1b[D\x1b[Bx");
    await mirror.out.until(/^cube 1 1 1$/);
    mover.type("q\x1b[A");
    await mirror.out.until(/^cube 1 0 0$/);
    await mover.out.until(/^cube 1 0 0$/);
    mover.type(RIGHT.repeat(12)); // no further than the wall
    await mirror.out.until(/^cube 10 0 0$/);
    mover.type("\x03");
    expect(await mover.exit()).toBe(0);
    expect([...mirror.err.all, ...mover.err.all]).toEqual([]);
  });

  it("goes on from where the others have it", async () => {
    const mirror = firstCube("mirror", "0");
    const port = await mirror.port();
    new Caller(port).send("cube 3 -2 1.5\n");
    await mirror.out.until(/^cube 3 -2 1\.5$/);
    const mover = firstCube("mover", `${port}`);
    await mover.out.until(/^cube 3 -2 1\.5$/);
    mover.type(RIGHT);
    await mirror.out.until(/^cube 4 -2 1\.5$/);
  });

  it("says why it ends", async () => {
    const nobody = firstCube("mover", `${await quietPort()}`);
    await nobody.out.until(/^nobody listens there/);
    expect(await nobody.exit()).toBe(1);
    const { mirror, mover, port } = await both();
    mover.type(RIGHT);
    await mirror.out.until(/^cube 1 0 0$/); // they are linked now
    const second = firstCube("mirror", `${port}`);
    await second.out.until(/^another program listens on that address/);
    await mirror.kill("SIGKILL");
    await mover.out.until(/^the peer/);
    expect(await mover.exit()).toBe(1);
  });

  it("mirrors a mover of the big cube", async () => {
    const mirror = firstCube("mirror", "0");
    const mover = cube("mover", "--auto", "--connect", `127.0.0.1:${await mirror.port()}`);
    const [, place = ""] = await mirror.out.until(PLACE);
    await mover.out.until(new RegExp(`cube ${place.replaceAll(".", "\\.")}$`));
    await mirror.kill("SIGKILL");
    expect(mover.out.all.filter((line) => line.includes("error"))).toEqual([]);
  });

  it("moves a mirror of the big cube", async () => {
    const mirror = cube("mirror", "--listen", "127.0.0.1:0");
    const mover = firstCube("mover", `${await mirror.port()}`);
    await mirror.out.until(/^link up /);
    mover.type(`${RIGHT}ee`);
    await mirror.out.until(/^tick \d+ cube 1 2 0$/);
    mover.type(RIGHT);
    await mirror.out.until(/^tick \d+ cube 2 2 0$/);
  });

  it("mirrors Python's mover, and moves Python's mirror", needs("python3"), async () => {
    const mirror = firstCube("mirror", "0");
    pythonPeer("mover", "--connect", `127.0.0.1:${await mirror.port()}`);
    await mirror.out.until(PLACE);

    const theirs = pythonPeer("mirror", "--listen", "127.0.0.1:0");
    const mover = firstCube("mover", `${await theirs.port()}`);
    await theirs.out.until(/^link up /);
    mover.type(`${RIGHT}e`);
    await theirs.out.until(/cube 1 1 0$/);
  });

  it("mirrors somebody with nc, who is told of the others", needs("nc"), async () => {
    const mirror = firstCube("mirror", "0");
    const port = await mirror.port();
    const person = new Child("nc", ["127.0.0.1", `${port}`], "pipe");
    person.type("cube 1 2 3\n");
    await mirror.out.until(/^cube 1 2 3$/);
    const mover = firstCube("mover", `${port}`);
    await mover.out.until(/^cube 1 2 3$/);
    mover.type("e");
    await person.out.until(/^cube 1 3 3$/);
  });

  it("answers pings and nonsense, and is ended by no stranger", async () => {
    const mirror = firstCube("mirror", "0");
    const port = await mirror.port();
    const caller = new Caller(port);
    await caller.settled(7);
    for (const line of ["cube nan 0 0", "cube 1 2", "cube 11 0 0", "cube", "", "hello", "ping", "ping x"]) {
      caller.send(`${line}\n`);
      await caller.received.until(/^error expected/);
    }
    caller.send("error\r\npong 3\r\ncube  1 2");
    new Caller(port).send(Uint8Array.of(0x63, 0xff, 0xfe, 0x0a));
    new Caller(port).send("x".repeat(70_000));
    new Caller(port).socket.resetAndDestroy();
    caller.send(" 3 \n");
    await mirror.out.until(/^cube 1 2 3$/);
    await caller.settled(8);
    const newcomer = new Caller(port);
    await newcomer.received.until(/^cube 1 2 3$/);
    expect(mirror.err.all).toEqual([]);
  });
});

describe("its text", () => {
  const text = readFileSync(new URL("../../demo/first-cube.ts", import.meta.url), "utf8");

  it("has at most 80 lines", () => {
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(80);
  });

  it("stands in the README.md as it is, with the package's own name", () => {
    const manual = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const code = text.slice(text.indexOf("import "));
    expect(code.split("\n").length).toBeGreaterThan(40);
    expect(manual).toContain(code.replace('"../src/index.ts"', '"tickwire"'));
  });
});

/** A mirror, and a mover that is linked to it. */
async function both(): Promise<{ mirror: Child; mover: Child; port: number }> {
  const mirror = firstCube("mirror", "0");
  const port = await mirror.port();
  return { mirror, mover: firstCube("mover", `${port}`), port };
}

function firstCube(role: "mirror" | "mover", port: string): Child {
  return new Child(process.execPath, ["--import", "tsx", "demo/first-cube.ts", role, port], "pipe");
}
