/** Games that are bundled, with the network thread's file beside them: whichever format and names they have. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const source = (name: string) => fileURLToPath(new URL(`../../../src/${name}`, import.meta.url));

/** Says a line to itself, in a loop that never yields. */
const GAME = `
  import { lines, Poller, tcp, threaded } from ${JSON.stringify(source("index.ts"))};
  const net = new Poller();
  const host = "127.0.0.1";
  const server = net.listen(threaded(tcp({ host, port: 0 })), lines());
  let player, line;
  while (line === undefined && server.state !== "closed") {
    net.poll();
    if (server.address) player ??= net.connect(threaded(tcp({ host, port: server.address.port })), lines());
    while (server.tryAccept()) player.trySend("hello");
    server.drain((peer, said) => peer.trySend(said));
    line = player?.tryRecv();
    net.flush();
  }
  console.log(line ?? server.closeReason.message);
  void net[Symbol.asyncDispose]();
`;
/** Has WebSockets in both threads, for which the package ws is looked for. */
const WITH_A_PACKAGE = `
  import { lines, Poller, threaded } from ${JSON.stringify(source("index.ts"))};
  import { websocketServer } from ${JSON.stringify(source("websocket.ts"))};
  const net = new Poller();
  const servers = [websocketServer({ port: 0 }), threaded(websocketServer({ port: 0 }))];
  const listeners = servers.map((server) => net.listen(server, lines()));
  const timer = setInterval(() => {
    net.poll();
    if (listeners.some(({ state }) => state === "starting")) return;
    console.log(listeners.map(({ state }) => state).join());
    clearInterval(timer);
    void net[Symbol.asyncDispose]();
  });
`;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tickwire-bundles-"));
  writeFileSync(join(folder, "game.mjs"), GAME);
  writeFileSync(join(folder, "page.mjs"), WITH_A_PACKAGE);
  mkdirSync(join(folder, "node_modules"));
  const ws = fileURLToPath(new URL("../../../node_modules/ws", import.meta.url));
  symlinkSync(realpathSync(ws), join(folder, "node_modules/ws"), "junction");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a game, with more entries, and runs it from a folder that is not its own. */
async function run(
  format: "esm" | "cjs",
  ending: string,
  entries: Record<string, string>,
  game = "game.mjs",
) {
  const outdir = mkdtempSync(join(folder, "out-"));
  await build({
    entryPoints: { game: join(folder, game), ...entries },
    outExtension: { ".js": ending },
    logLevel: "silent", // of `import.meta` in CommonJS
    bundle: true,
    platform: "node",
    format,
    outdir,
  });
  const type = format === "esm" ? "module" : "commonjs";
  if (ending === ".js") writeFileSync(join(outdir, "package.json"), JSON.stringify({ type }));
  return spawnSync(process.execPath, [join(outdir, `game${ending}`)], {
    cwd: tmpdir(),
    encoding: "utf8",
    timeout: 60_000,
  });
}

describe("a game that is bundled", () => {
  test.each([
    ["esm", ".js"],
    ["esm", ".mjs"],
    ["cjs", ".js"],
    ["cjs", ".cjs"],
  ] as const)(
    "as %s in files that end with %s finds the network thread beside it",
    async (format, ending) => {
      const { stdout, stderr } = await run(format, ending, { "network-worker": source("network-worker.ts") });
      expect([stdout, stderr]).toEqual(["hello\n", ""]);
    },
  );

  test.each([
    ["esm", ".mjs"],
    ["cjs", ".cjs"],
  ] as const)("as %s finds a package from where it lies, in both threads", async (format, ending) => {
    const entries = { "network-worker": source("network-worker.ts") };
    const { stdout, stderr } = await run(format, ending, entries, "page.mjs");
    expect([stdout, stderr]).toEqual(["listening,listening\n", ""]);
  });

  test.each([
    ["esm", ".mjs"],
    ["cjs", ".cjs"],
  ] as const)("as %s without the network thread says where it has to be, and how", async (format, ending) => {
    const { stderr, status } = await run(format, ending, {});
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`network thread's file is not at .*network-worker\\${ending}: bundle`));
    expect(stderr).toContain("network-worker=tickwire/network-worker");
  });
});
