/**
 * Every code block of the README is a program: it is type-checked as it stands,
 * and run. Only the package name and the port are put in.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { blocks, readme } from "./readme-blocks.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}test/.cache/readme`;
const children: ChildProcess[] = [];

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

describe("the README", () => {
  test("names each of its TypeScript blocks, and each is tried below", () => {
    expect(readme.match(/^```ts$/gm)).toHaveLength(blocks.size);
    expect([...blocks.keys()].sort()).toEqual(
      [
        "server.ts",
        "client.ts",
        "budget.ts",
        "typed.ts",
        "fixed.ts",
        "positions.ts",
        "game.test.ts",
        "echo.ts",
        "datagram-socket.ts",
        "page.ts", // in test/browser/readme-page.test.ts
        "page-server.ts",
      ].sort(),
    );
  });

  test("has blocks that type-check as they stand", () => {
    for (const [name, code] of blocks) writeFileSync(fileOf(name), code);
    const config = {
      extends: `${root}tsconfig.json`,
      compilerOptions: {
        lib: ["es2023", "es2024.string", "esnext.disposable", "dom", "dom.iterable"], // for the page
        paths: {
          tickwire: [`${root}src/index.ts`],
          "tickwire/browser": [`${root}src/browser.ts`],
          "tickwire/websocket": [`${root}src/websocket.ts`],
        },
        isolatedDeclarations: false,
        declaration: false,
      },
      include: [`${folder}/*.ts`],
    };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [tsc, "--noEmit", "-p", folder], { stdio: "pipe" });
  }, 60_000);

  test("server.ts tells all others what one player says", async () => {
    const port = await freePort();
    const server = start("server.ts", port);
    const [first, second] = [await reach(port), await reach(port)];
    await server.printed("a player came\na player came\n");
    first.write("hi\n");
    expect(await second.heard("\n")).toBe("player 1: hi\n");
  }, 20_000);

  test("client.ts says hello, prints what comes, and why it ended", async () => {
    const plain = net.createServer((socket) => socket.once("data", (data) => socket.end(`welcome ${data}`)));
    await once(plain.listen(0, "127.0.0.1"), "listening");
    const client = start("client.ts", (plain.address() as net.AddressInfo).port);
    await client.printed("welcome hello\nremote the peer closed the connection\n");
    expect(await client.exitCode).toBe(0);
    plain.close();
  }, 20_000);

  test("budget.ts answers", async () => {
    const port = await freePort();
    start("budget.ts", port);
    const player = await reach(port);
    player.write("a\nb\n");
    expect(await player.heard("b\n")).toBe("you said a\nyou said b\n");
  }, 20_000);

  test("typed.ts and fixed.ts print what was sent", async () => {
    const [typed, fixed] = [start("typed.ts", 0), start("fixed.ts", 0)];
    await typed.printed("1\n");
    await fixed.printed("[ 1, 2, 3 ]\n");
    expect([await typed.exitCode, await fixed.exitCode]).toEqual([0, 0]);
  }, 20_000);

  test("positions.ts tells all others where a player is, and under which number", async () => {
    const port = await freePort();
    start("positions.ts", port);
    const [first, second] = [await reach(port), await reach(port)];
    const record = "\0\0\0\0\0\0\0\0\0@\0\0@@"; // 0, 0, 2, 3
    const timer = setInterval(() => first.write(record), 50); // until the second one is in
    expect((await second.heard(record.slice(2))).slice(0, 2)).toBe("\x01\0");
    clearInterval(timer);
  }, 20_000);

  test("datagram-socket.ts answers whoever asks", async () => {
    const port = await freePort();
    start("datagram-socket.ts", port);
    const asker = dgram.createSocket("udp4");
    let answer = "";
    asker.on("message", (data) => {
      answer += data;
    });
    while (answer === "") {
      asker.send("hello\n", port, "127.0.0.1"); // until it is up
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    asker.close();
    expect(answer).toMatch(/^(you said hello\n)+$/);
  }, 20_000);

  test("echo.ts echoes", async () => {
    const port = await freePort();
    start("echo.ts", port);
    const guest = await reach(port);
    guest.write("one\ntwo");
    expect(await guest.heard("two")).toBe("one\ntwo");
  }, 20_000);

  test("speaks of npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: object };
    const named = [...readme.matchAll(/npm (?:run )?(test|demo|bench|build)\b/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(scripts).toHaveProperty(name as string);
  });
});

// game.test.ts is a test itself, and runs as one of these.
mkdirSync(folder, { recursive: true });
await import(/* @vite-ignore */ written("game.test.ts", 0));

/** Where a block is written; never as a test by its name, or the next run would find it. */
function fileOf(name: string): string {
  return `${folder}/${name.replace(".test.", ".")}`;
}

/** Writes a block as a program of this checkout, and answers where. */
function written(name: string, port: number): string {
  const code = (blocks.get(name) ?? "")
    .replace('"tickwire"', JSON.stringify(`${root}src/index.ts`))
    .replace(/port: (14900|0)\b/, `port: ${port}`);
  const file = fileOf(`run-${name}`);
  writeFileSync(file, code);
  return file;
}

/** Runs a block, with what it prints and how it ends. */
function start(name: string, port: number) {
  const child = spawn(process.execPath, ["--import", "tsx", written(name, port)], { cwd: root });
  children.push(child);
  let text = "";
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  child.stdout.on("data", (data) => {
    text += data;
    child.emit("printed");
  });
  const exitCode = once(child, "exit").then(([code]) => code as number);
  const printed = async (wanted: string) => {
    while (text !== wanted) {
      if (!wanted.startsWith(text) || errors !== "") throw new Error(`${name} printed ${text}${errors}`);
      await once(child, "printed");
    }
  };
  return { printed, exitCode };
}

/** Connects to a program that is just starting. */
async function reach(port: number) {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      let text = "";
      socket.on("data", (data) => {
        text += data;
      });
      const heard = async (end: string) => {
        while (!text.endsWith(end)) await once(socket, "data");
        return text;
      };
      return { write: (data: string) => socket.write(data), heard };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20)); // it is not up yet
    }
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await once(server.close(), "close");
  return port;
}
