/**
 * Every program and every command of every README.md, followed to the letter in
 * a new folder outside this repository, with the packed package installed. Each
 * has an expectation here, or stands on a short list with the reason why not;
 * an expectation of something that no manual says fails as well.
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Need, needs } from "../machine.ts";
import { allManuals, commandsOf, manualAt, programsOf, root } from "./manual.ts";
import { DEADLINE_MS, freePort, isInstall, Reader, SETUP_MS, until } from "./reader.ts";

/** A command that is followed. */
interface Step {
  readonly command: string;
  /** The programs of the manual that it runs; written just before. */
  readonly programs: readonly string[];
  /** What the machine must have for it. */
  readonly needs?: readonly Need[];
  /** What it does, as a test's title. */
  readonly does: string;
  /** Runs it, and looks whether it does that. `port` is where its programs listen or connect. */
  readonly follow: (reader: Reader, port: number, command: string) => Promise<void>;
}

/** The steps of each manual, in its order. Before them the reader runs every `npm install`. */
const STEPS: Record<string, readonly Step[]> = {
  "README.md": [
    {
      ...tsx("server.mts"),
      does: "tells all others what one player types",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        const [first, second] = [await server.reach(port), await server.reach(port)];
        await server.printed(`listening on port ${port}\na player came\na player came\n`);
        first.type("hi\n");
        expect(await second.received("\n")).toBe("player 1: hi\n");
      },
    },
    {
      command: "npx tsx first-cube.mts mirror",
      programs: ["first-cube.mts"],
      does: "shows where the cube is, and tells the others",
      async follow(reader, port, command) {
        const mirror = reader.start(command, { port });
        const [first, second] = [await mirror.reach(port), await mirror.reach(port)];
        first.type("cube 1 2 3\n");
        expect(await second.received("\n")).toBe("cube 1 2 3\n");
        await mirror.printed(`listening on 127.0.0.1:${port}\ncube 1 2 3\n`);
      },
    },
    {
      command: "npx tsx first-cube.mts mover",
      programs: [],
      does: "takes the cube over from a mirror, and says why it ends",
      async follow(reader, port, command) {
        const server = net.createServer((socket) => socket.end("cube 3 2 1\n"));
        await once(server.listen(port, "127.0.0.1"), "listening");
        reader.write("first-cube.mts", port);
        const mover = reader.start(command, { port });
        await mover.printed("cube 3 2 1\nthe peer closed the connection\n");
        expect(await mover.exit).toBe(1);
        server.close();
      },
    },
  ],
  "src/port/README.md": [
    {
      ...tsx("program.mts"),
      does: "prints what another program answers",
      async follow(reader, _port, command) {
        const program = reader.start(command);
        await program.printed("PEAR\nAPPLE\nFIG\nlocal this side closed the connection\n");
        expect(await program.exit).toBe(0);
      },
    },
  ],
  "src/core/README.md": [
    {
      ...tsx("client.mts"),
      does: "says hello, prints what comes, and why it ended",
      async follow(reader, port, command) {
        const server = net.createServer((socket) =>
          socket.once("data", (data) => socket.end(`welcome ${data}`)),
        );
        await once(server.listen(port, "127.0.0.1"), "listening");
        const client = reader.start(command, { port });
        await client.printed("welcome hello\nremote the peer closed the connection\n");
        expect(await client.exit).toBe(0);
        server.close();
      },
    },
    {
      ...tsx("score.mts"),
      does: "tells each player its name, and its score when it has left",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        const player = await server.reach(port);
        expect(await player.received("\n")).toBe("player 1\n");
        player.type("a\nb\n");
        player.leave();
        await server.printed("player 1 2 remote\n");
      },
    },
    {
      ...tsx("budget.mts"),
      does: "answers each line",
      async follow(reader, port, command) {
        const player = await reader.start(command, { port }).reach(port);
        player.type("a\nb\n");
        expect(await player.received("b\n")).toBe("you said a\nyou said b\n");
      },
    },
    {
      ...tsx("echo.mts"),
      does: "sends back what it is sent",
      async follow(reader, port, command) {
        const player = await reader.start(command, { port }).reach(port);
        player.type("one\ntwo");
        expect(await player.received("two")).toBe("one\ntwo");
      },
    },
    {
      ...tsx("datagrams.mts"),
      does: "answers every datagram",
      async follow(reader, port, command) {
        reader.start(command, { port });
        const socket = dgram.createSocket("udp4");
        let answers = "";
        socket.on("message", (data) => {
          answers += data;
        });
        await until(() => {
          if (answers === "") socket.send("hello", port, "127.0.0.1"); // lost until it is up
          return answers !== "";
        });
        socket.close();
        expect(answers).toMatch(/^(you said hello)+$/);
      },
    },
  ],
  "src/core/claim/README.md": [
    {
      command: "nats-server --addr 127.0.0.1 --jetstream --store_dir nats-data --port 14900",
      programs: [],
      needs: ["nats-server"],
      does: "is a broker that keeps leases",
      async follow(reader, port, command) {
        const broker = reader.start(command, { port });
        (await broker.reach(port)).leave();
      },
    },
    {
      ...tsx("world.mts"),
      needs: ["nats-server"],
      does: "runs the world in one of two processes, and in the other one when that is gone",
      async follow(reader, port, command) {
        reader.start(`nats-server --addr 127.0.0.1 --jetstream --store_dir nats-data --port ${port}`);
        const first = reader.start(command);
        await until(() => /^process \d+ runs it from tick 0\n/.test(first.output));
        const second = reader.start(command);
        await until(() => /another process is at tick \d+/.test(second.output));
        process.kill(Number(/process (\d+) runs it/.exec(first.output)?.[1]), "SIGKILL");
        await until(() => /runs it from tick [1-9]\d*/.test(second.output));
      },
    },
    {
      command: "npx vitest run",
      programs: ["failover.test.mts"],
      does: "passes",
      async follow(reader, _, command) {
        expect(await reader.run(command)).toMatch(/Tests .*1 passed/);
      },
    },
  ],
  "src/transport/nats/README.md": [
    {
      ...tsx("world.mts"),
      does: "prints the world's state and its answer, without a broker, and ends",
      follow: async (reader, _port, command) =>
        expect(await reader.run(command)).toBe('world.7 {"x":1}\nworld.7 {"took":{"move":1}}\n'),
    },
    {
      ...tsx("seats.mts"),
      does: "gives a seat over a stream, without a broker, and ends",
      follow: async (reader, _port, command) => expect(await reader.run(command)).toBe("a seat for ann\n"),
    },
  ],
  "src/transport/native/README.md": [
    {
      ...tsx("never-yields.mts"),
      needs: ["native sockets"],
      does: "tells all what one types, without a turn of the event loop, until somebody quits",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        const [first, second] = [await server.reach(port), await server.reach(port)];
        expect(await second.received("\n")).toBe("welcome\n");
        first.type("hi\n");
        expect(await second.received("hi\n")).toMatch(/127.0.0.1: hi\n$/);
        first.type("quit\n");
        expect(await server.exit).toBe(0);
      },
    },
  ],
  "src/transport/thread/README.md": [
    {
      ...tsx("never.mts"),
      does: "prints the answer, though its loop never yields, and ends",
      follow: async (reader, _port, command) => expect(await reader.run(command)).toBe("hello to you\n"),
    },
    {
      command:
        "npx esbuild never.mts network-worker=tickwire/network-worker --bundle --platform=node --format=esm --out-extension:.js=.mjs --outdir=out",
      programs: [],
      does: "makes a bundle, and another of the network thread",
      follow: async (reader, _port, command) => void (await reader.run(command)),
    },
    {
      command: "node out/never.mjs",
      programs: [],
      does: "runs that bundle, without the packages",
      follow: async (reader, _port, command) => expect(await reader.run(command)).toBe("hello to you\n"),
    },
  ],
  "src/transport/memory/README.md": [
    {
      command: "npx vitest run",
      programs: ["game.test.mts"],
      does: "passes",
      async follow(reader, _, command) {
        expect(await reader.run(command)).toMatch(/Tests .*1 passed/);
      },
    },
  ],
  "src/transport/wrap/README.md": [
    {
      ...tsx("bad-line.mts"),
      does: "says what each network does to an answer, the same each time",
      async follow(reader, _, command) {
        const printed = await reader.run(command);
        const medians = [...printed.matchAll(/^(\w+): (\d+) ms at the median, \d+ ms/gm)];
        expect(medians.map(([, name]) => name)).toEqual(["broadband", "wifi", "mobile", "poor"]);
        const [broadband, wifi, mobile, poor] = medians.map(([, , medianMs]) => Number(medianMs));
        expect(broadband).toBeGreaterThanOrEqual(30);
        expect(broadband).toBeLessThan(wifi ?? 0);
        expect(wifi).toBeLessThan(mobile ?? 0);
        expect(mobile).toBeLessThan(poor ?? 0);
        expect(await reader.run(command)).toBe(printed);
      },
    },
    {
      command: "npx vitest run",
      programs: ["match.test.mts"],
      does: "passes",
      async follow(reader, _, command) {
        expect(await reader.run(command)).toMatch(/Tests .*1 passed/);
      },
    },
  ],
  "src/transport/wrap/session/README.md": [
    {
      ...tsx("session-server.mts"),
      does: "listens, for the player of the next line",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        await server.reach(port);
      },
    },
    {
      ...tsx("session-player.mts"),
      does: "gets its answer from the server, says goodbye, and is done",
      async follow(reader, port, command) {
        reader.write("session-server.mts", port);
        const server = reader.start("npx tsx session-server.mts", { port });
        await server.reach(port);
        const player = reader.start(command, { port });
        expect([await player.exit, player.output]).toEqual([0, "you said hello\n"]);
      },
    },
  ],
  "src/codec/README.md": [
    {
      ...tsx("typed.mts"),
      does: "prints the move",
      follow: async (reader, _, command) => expect(await reader.run(command)).toBe("1\n"),
    },
    {
      ...tsx("mixed.mts"),
      does: "prints what was said, and how much is in the bag",
      follow: async (reader, _, command) =>
        expect(await reader.run(command)).toBe("what have I got?\n1 kinds of things\n"),
    },
    {
      ...tsx("positions.mts"),
      does: "tells all others where a player is, and under which number",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        const [first, second] = [await server.reach(port), await server.reach(port)];
        const record = "\0\0\0\0\0\0\0\0\0@\0\0@@"; // 0, 0, 2, 3
        const timer = setInterval(() => first.type(record), 50); // until the second one is in
        expect((await second.received(record.slice(2))).slice(0, 2)).toBe("\x01\0");
        clearInterval(timer);
      },
    },
    {
      ...tsx("fixed.mts"),
      does: "prints the point",
      follow: async (reader, _, command) => expect(await reader.run(command)).toBe("[ 1, 2, 3 ]\n"),
    },
  ],
  "src/transport/browser/README.md": [
    {
      command: "npx esbuild page.mts --bundle --format=esm --outfile=page.js",
      programs: ["page.mts"],
      does: "makes a script for a page",
      async follow(reader, _, command) {
        await reader.run(command);
        const script = readFileSync(join(reader.folder, "page.js"), "utf8");
        expect(script).toContain("requestAnimationFrame");
        expect(script).not.toMatch(/\bnode:|^import\b/m);
      },
    },
    {
      ...tsx("page-server.mts"),
      does: "serves the page and its script, and tells all what one says; a real page is in test/browser",
      async follow(reader, port, command) {
        const server = reader.start(command, { port });
        expect(await server.page(`http://127.0.0.1:${port}/`)).toContain('src="/page.js"');
        const script = readFileSync(join(reader.folder, "page.js"), "utf8");
        expect(await server.page(`http://127.0.0.1:${port}/page.js`)).toBe(script);
        const player = new WebSocket(`ws://127.0.0.1:${port}/play`);
        await once(player, "open");
        player.send("hello\n");
        const [said] = await once(player, "message");
        expect(String(said)).toBe("hello\n");
        player.terminate();
      },
    },
  ],
  "demo/README.md": [inClone("npm run demo -- --help", "says how to run it", /npm run demo -- mirror/)],
  "demo/sockets/README.md": [
    {
      command: "npx tsx demo/sockets/echo-server.ts --port 14900",
      programs: [],
      does: "listens, for the client of the next line",
      async follow(reader, port, command) {
        const server = reader.start(command, { port, cwd: root });
        await server.reach(port);
        const client = reader.start('npx tsx demo/sockets/echo-client.ts --port 14900 "hello"', {
          port,
          cwd: root,
        });
        expect([await client.exit, client.output]).toEqual([0, expect.stringContaining("hello")]);
      },
    },
    {
      command: 'npx tsx demo/sockets/echo-client.ts --port 14900 "hello"',
      programs: [],
      does: "says so, when there is no server",
      async follow(reader, port, command) {
        const client = reader.start(command, { port, cwd: root });
        expect(await client.exit).toBe(1);
      },
    },
  ],
  "test/bench/README.md": [inClone("npm run bench -- --help", "says how to run it", /--quick/)],
};

/** Commands that are not followed, each with the reason. */
const NOT_FOLLOWED: Record<string, string> = {
  "npm ci": "it would replace the packages that the tests run on",
  "npm test": "this is a part of it",
  "npx vitest run test/codec": "npm test runs the same",
  "npm run check:package": "it needs a registry; .ci/run calls it",
  "npm run fuzz -- tcp --seconds 60": "it takes a minute; .ci/run calls it for ten seconds on each carrier",
  "npm run simulate -- --seeds 10000": "it takes minutes; .ci/run plays 500 evenings",
  "npm run simulate -- --leases 2000": ".ci/run plays 500 games",
  "npm run mutate -- send": "it takes minutes, and changes the sources of a copy; it is run by hand",
  "npm run docs": "it takes half a minute; .ci/run calls it",
  "npm run runtimes -- bun deno": "few machines have them; .ci/run brings them",
  "npm run soak -- --minutes 30": "it takes 30 minutes; .ci/run calls it for two",
  "TICKWIRE_LONG=1 npx vitest run test/codec test/core/model.test.ts test/proof/garbage":
    "it takes many minutes",
  ".ci/run": "it runs all of this, and more",
  "npm run demo": "it opens windows; test/demo/cube/launcher.test.ts starts it without",
  "npm run demo:arena": "it opens windows; test/demo/arena/launcher.test.ts starts it without",
  "npm run demo -- --view terminal":
    "it needs a terminal; test/demo/cube/views/terminal.test.ts gives it one",
  "npm run demo -- mirror": "it needs a terminal; test/demo/cube/programs.test.ts starts it with a log",
  "npm run demo -- mover": "the same",
  "npm run demo -- --session --auto": "it opens windows; test/demo/cube/launcher.test.ts starts it without",
  "npm run demo -- mover --connect 127.0.0.1:14900": "the same",
  "python3 demo/cube/peers/python_peer.py mirror --listen 127.0.0.1:14900":
    "test/demo/cube/python.test.ts runs it",
  "npm run bench -- --quick": "it takes a minute; .ci/run calls it",
  "npm run bench": "it takes 15 minutes",
  "npm run bench -- --only idle-1000 --against plain,tcp": "it takes a minute",
};

const manuals = allManuals();

describe("the manuals", () => {
  test("say nothing that is not followed here, but for what cannot be", () => {
    const said = new Set<string>();
    for (const manual of manuals) {
      const commands = commandsOf(manual);
      const steps = STEPS[manual.path] ?? [];
      const followed = steps.map(({ command }) => command);
      for (const command of commands) said.add(command);
      const open = commands.filter(
        (one) => !isInstall(one) && !followed.includes(one) && !(one in NOT_FOLLOWED),
      );
      expect([manual.path, open]).toEqual([manual.path, []]);
      expect([manual.path, followed.filter((one) => !commands.includes(one))]).toEqual([manual.path, []]);
      const programs = programsOf(manual).map(({ name }) => name);
      expect(steps.flatMap((step) => step.programs).sort()).toEqual(programs.sort());
    }
    expect(Object.keys(STEPS).filter((path) => !manuals.some((manual) => manual.path === path))).toEqual([]);
    expect(Object.keys(NOT_FOLLOWED).filter((command) => !said.has(command))).toEqual([]);
    const named = Object.values(NOT_FOLLOWED).flatMap(
      (reason) => reason.match(/\btest\/[\w./-]+\.ts/g) ?? [],
    );
    expect(named.filter((path) => !existsSync(root + path))).toEqual([]);
  });
});

describe("a reader in a new folder", () => {
  const readers = new Map<string, Reader>();

  beforeAll(async () => {
    for (const path of Object.keys(STEPS)) readers.set(path, await Reader.of(manualAt(path)));
    for (const reader of readers.values()) await reader.install();
  }, SETUP_MS);
  afterEach(async () => {
    for (const reader of readers.values()) await reader.endAll();
  });
  afterAll(async () => {
    for (const reader of readers.values()) await reader[Symbol.asyncDispose]();
  });

  test(
    "has programs that type-check against the packed declarations",
    async () => {
      const files: string[] = [];
      for (const reader of readers.values()) {
        for (const { name } of programsOf(reader.manual)) {
          reader.write(name);
          files.push(join(reader.folder, name));
        }
      }
      const [reader] = readers.values();
      if (reader === undefined) throw new Error("there is no manual to follow");
      writeFileSync(join(reader.folder, "strict.json"), JSON.stringify({ compilerOptions: STRICT, files }));
      await reader.run("npx tsc -p strict.json");
    },
    DEADLINE_MS,
  );

  for (const [path, steps] of Object.entries(STEPS)) {
    for (const { command, programs, does, follow, needs: needed = [] } of steps) {
      test(`of ${path} types ${command}: it ${does}`, {
        timeout: DEADLINE_MS,
        ...needs(...needed),
      }, async () => {
        const reader = readers.get(path);
        if (reader === undefined) throw new Error(`nobody reads ${path}`);
        const port = await freePort();
        for (const name of programs) reader.write(name, port);
        await follow(reader, port, command);
      });
    }
  }
});

/** A program that its manual has run by `npx tsx`. */
function tsx(name: string): Pick<Step, "command" | "programs"> {
  return { command: `npx tsx ${name}`, programs: [name] };
}

/** A command that is typed in a clone of this repository, and ends by itself. */
function inClone(command: string, does: string, output: RegExp): Step {
  return {
    command,
    programs: [],
    does,
    follow: async (reader) => expect(await reader.run(command, root)).toMatch(output),
  };
}

/** As strict as this repository, with the names of a page beside those of Node. */
const STRICT = {
  target: "es2023",
  lib: ["es2023", "es2024.string", "esnext.disposable", "dom", "dom.iterable"],
  types: ["node"],
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  skipLibCheck: true,
  noEmit: true,
};
