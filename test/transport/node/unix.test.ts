import { execFileSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { type Listener, lines, Poller, unix, waitForActivity } from "../../../src/index.ts";

const pollers: Poller[] = [];
let paths = 0;

const newPath = () => `${tmpdir()}/tickwire-unix-${process.pid}-${++paths}.sock`;

async function listenOn(
  options: Parameters<typeof unix>[0],
): Promise<{ poller: Poller; listener: Listener<string> }> {
  const poller = new Poller();
  pollers.push(poller);
  const listener = poller.listen(unix(options), lines());
  while (listener.state === "starting") {
    await waitForActivity(poller, 1_000);
    poller.poll();
  }
  return { poller, listener };
}

afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

describe("unix", () => {
  test("takes over the socket file that a crash has left", async () => {
    const path = newPath();
    const crash = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(() => execFileSync(process.execPath, ["-e", crash], { stdio: "pipe" })).toThrow();
    expect(existsSync(path)).toBe(true);
    const { listener } = await listenOn({ path });
    expect(listener.state).toBe("listening");
    expect(listener.address).toEqual({ family: "unix", host: path, port: 0 });
  });

  test("leaves alone a socket that somebody answers on", async () => {
    const path = newPath();
    const first = await listenOn({ path });
    const second = await listenOn({ path });
    expect(second.listener.closeReason?.kind).toBe("address-in-use");
    expect(first.listener.state).toBe("listening");
  });

  test("leaves alone a file that is no socket", async () => {
    const path = newPath();
    writeFileSync(path, "precious");
    const { listener } = await listenOn({ path });
    expect(listener.closeReason?.kind).toBe("address-in-use");
    expect(statSync(path).size).toBe(8);
  });

  test("is gone from the file system after the close", async () => {
    const path = newPath();
    const { poller } = await listenOn({ path });
    expect(existsSync(path)).toBe(true);
    await poller[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  test("lets in whom the mode allows", async () => {
    const path = newPath();
    await listenOn({ path, mode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("says in a reason what is wrong with a place that does not exist", async () => {
    const { listener } = await listenOn({ path: `${tmpdir()}/no-such-folder-${process.pid}/x.sock` });
    expect(listener.state).toBe("closed");
    expect(listener.closeReason?.code).toMatch(/EACCES|ENOENT/);
  });

  test("refuses a path that is too long or empty, at the call", () => {
    expect(() => unix({ path: `/tmp/${"x".repeat(200)}` })).toThrow("path: expected 1 to ");
    expect(() => unix({ path: "" })).toThrow(RangeError);
    expect(() => unix({ path: 5 as never })).toThrow("path: expected a string, got number");
    expect(() => unix({ path: "/tmp/x", mode: 0o1000 })).toThrow("mode: expected");
  });
});
