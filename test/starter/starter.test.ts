/**
 * `npx tickwire new`, from the packed package in a new folder: each template
 * type-checks, passes its own tests and plays (`test/browser/starter.test.ts` has
 * its page). What would be written over is not, and mistakes are told.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { manualOf } from "../manuals/manual.ts";
import { DEADLINE_MS, freePort, Reader, SETUP_MS, until } from "../manuals/reader.ts";
import { INSTALL } from "./install.ts";

let reader: Reader;

beforeAll(async () => {
  reader = await Reader.of(manualOf("a new game", INSTALL));
  await reader.install();
}, SETUP_MS);
afterEach(() => reader.endAll());
afterAll(async () => {
  await reader[Symbol.asyncDispose]();
});

/** Makes a game, and answers its folder. */
async function make(name: string, ...options: string[]): Promise<string> {
  const said = await reader.run(["npx tickwire new", name, ...options].join(" "));
  expect(said).toMatch(/^\/.* is a game now\..*npm run dev/s);
  return join(reader.folder, name);
}

describe("npx tickwire new", { timeout: 4 * DEADLINE_MS }, () => {
  test("names the game, and depends on the tickwire that made it", async () => {
    const game = await make("named-game");
    const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
    const { version } = read(join(reader.folder, "node_modules/tickwire/package.json"));
    const { name, dependencies } = read(join(game, "package.json"));
    expect([name, dependencies.tickwire]).toEqual(["named-game", `^${version}`]);
    expect(readFileSync(join(game, ".gitignore"), "utf8")).toBe("node_modules/\ndist/\n");
  });

  test("writes over nothing, and says what is wrong with a command line", async () => {
    mkdirSync(join(reader.folder, "taken"));
    writeFileSync(join(reader.folder, "taken/mine.txt"), "mine");
    writeFileSync(join(reader.folder, "file"), "mine");
    for (const [line, words] of [
      ["new taken", /taken is there already/],
      ["new file", /file is there already/],
      ["new", /expected one folder after new/],
      ["new one two", /expected one folder after new/],
      ["make it", /expected new or inspect, got make/],
      ["new ok --template mud", /--template: expected pong or terminal, got "mud"/],
      ["new ok --colour", /--colour/],
      ["new My.Game", /"My\.Game" is no name for a package/],
      ["", /expected new or inspect, got nothing/],
    ] as const) {
      const wrong = reader.start(`node_modules/.bin/tickwire ${line}`); // npx takes a second for each
      expect([line, await wrong.exit]).toEqual([line, 2]);
      expect(wrong.errors).toMatch(words);
      expect(wrong.errors).toContain("usage: npx tickwire new FOLDER");
    }
    expect(existsSync(join(reader.folder, "ok"))).toBe(false);
    expect(await reader.run("npx tickwire --help")).toContain("usage: npx tickwire new FOLDER");
  });
});

describe("the template terminal", { timeout: 4 * DEADLINE_MS }, () => {
  test("type-checks, passes its tests, and plays with nc", async () => {
    const game = await make("mud", "--template terminal");
    await reader.run("npm run check", game);
    expect(await reader.run("npm test", game)).toMatch(/Tests .*3 passed/);
    const port = await freePort();
    const server = reader.start(`PORT=${port} npm start`, { cwd: game });
    const [ada, bob] = [await server.reach(port), await server.reach(port)];
    ada.type("ada\n");
    await ada.received("ada has come.\n");
    bob.type("bob\nsay hi\n");
    expect(await ada.received("hi\n")).toContain("bob has come.\nbob says: hi\n");
  });
});

describe("the template pong", { timeout: 6 * DEADLINE_MS }, () => {
  test("type-checks, passes its tests, and ends only who sends nonsense", async () => {
    const game = await make("pong");
    await reader.run("npm run check", game);
    expect(await reader.run("npm test", game)).toMatch(/Tests .*4 passed/);
    await reader.run("npm run build", game);
    const port = await freePort();
    const server = reader.start(`PORT=${port} npm start`, { cwd: game });
    expect(await server.page(`http://127.0.0.1:${port}/`)).toContain("<canvas");
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/none"]) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    }
    const [honest, rude] = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${port}/play`));
    let view = "";
    honest?.on("message", (data) => {
      view = String(data);
    });
    rude?.on("open", () => rude.send('{"move":7}\n'));
    await until(() => rude?.readyState === WebSocket.CLOSED);
    view = "";
    await until(() => view !== "");
    expect(JSON.parse(view.split("\n")[0] ?? "")).toMatchObject({ score: { left: 0, right: 0 } });
    expect(honest?.readyState).toBe(WebSocket.OPEN);
    honest?.terminate();
  });
});
