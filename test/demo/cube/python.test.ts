import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { Caller, cube, DEADLINE_MS, endAll, pythonPeer } from "../children.ts";

afterEach(endAll);

describe("the Python peer", { timeout: 3 * DEADLINE_MS, ...needs("python3") }, () => {
  it("moves a mirror of ours", async () => {
    const mirror = cube("mirror", "--listen", "127.0.0.1:0");
    const mover = pythonPeer("mover", "--connect", `127.0.0.1:${await mirror.port()}`);
    await mover.out.until(/^link up /);
    const [, place] = await mirror.out.until(/^tick \d+ (cube .*)$/);
    await mover.out.until(new RegExp(` ${place?.replaceAll(".", "\\.")}$`));
    await mover.kill("SIGKILL");
    await mirror.out.until(/^link down .*: the peer/);
  });

  it("mirrors a mover of ours, and is there again for it", async () => {
    const port = await quietPort();
    let mirror = pythonPeer("mirror", "--listen", `127.0.0.1:${port}`);
    await mirror.port();
    const mover = cube("mover", "--auto", "--connect", `127.0.0.1:${port}`);
    const [, place] = await mirror.out.until(/^tick \d+ (cube .*)$/);
    await mover.out.until(new RegExp(` ${place?.replaceAll(".", "\\.")}$`));
    await mirror.kill("SIGKILL");
    await mover.out.until(/^link down .*: the peer/);
    mirror = pythonPeer("mirror", "--listen", `127.0.0.1:${port}`);
    await mirror.out.until(/^tick \d+ cube /);
  });

  it("mirrors from the connecting end, and moves from the listening end", async () => {
    const mover = pythonPeer("mover", "--listen", "127.0.0.1:0");
    const at = `127.0.0.1:${await mover.port()}`;
    const [ours, theirs] = [cube("mirror", "--connect", at), pythonPeer("mirror", "--connect", at)];
    await Promise.all([ours.out.until(/^tick \d+ cube /), theirs.out.until(/^tick \d+ cube /)]);
  });

  it("answers pings, and says what is wrong with a line", async () => {
    const mirror = pythonPeer("mirror", "--listen", "127.0.0.1:0");
    const caller = new Caller(await mirror.port());
    await caller.settled(7);
    for (const line of ["cube nan 0 0", "cube 1 2", "cube 11 0 0", "hello"]) {
      caller.send(`${line}\n`);
      await caller.received.until(/^error /);
    }
    caller.send("error\ncube 1 2");
    caller.send(" 3\n");
    await mirror.out.until(/cube 1 2 3$/);
    expect(caller.received.all.filter((line) => line.startsWith("error"))).toHaveLength(4);
  });
});
