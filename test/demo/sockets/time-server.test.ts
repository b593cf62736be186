import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { Caller, Child, DEADLINE_MS, endAll } from "../children.ts";
import { netcat, program, python } from "./programs.ts";

afterEach(endAll);

describe("the time server, to curl", { timeout: 2 * DEADLINE_MS, ...needs("curl") }, () => {
  it("shows the page, its length in bytes, and closes", async () => {
    const url = await open();
    for (const version of ["--http1.1", "--http1.0"]) {
      const { status, headers, body } = await curl(version, `${url}/time.html?again`);
      expect(status).toBe("HTTP/1.1 200 OK");
      expect(Number(headers.get("content-length"))).toBe(Buffer.byteLength(body));
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(headers.get("connection")).toBe("close");
      const date = headers.get("date") ?? "";
      expect(new Date(date).toUTCString()).toBe(date);
      expect(body).toMatch(/<time datetime="\d{4}-\d\d-\d\dT[^"]+">\d\d:\d\d:\d\d /);
    }
  });

  it("answers HEAD with the same headers and nothing behind them", async () => {
    const url = await open();
    for (const path of ["time.html", "nothing"]) {
      const [got, head] = [await curl(`${url}/${path}`), await curl("-I", `${url}/${path}`)];
      expect([head.status, head.body]).toEqual([got.status, ""]);
      expect([...head.headers.keys()]).toEqual([...got.headers.keys()]);
      expect(head.headers.get("content-length")).toBe(got.headers.get("content-length"));
    }
  });

  it("has 404 for other pages, 405 with Allow for other methods, 431 for a header of 100 KB", async () => {
    const url = await open();
    expect((await curl(`${url}/`)).status).toBe("HTTP/1.1 404 Not Found");
    const posted = await curl(
      "--data-binary",
      `@${process.execPath}`,
      "--max-time",
      "50",
      `${url}/time.html`,
    );
    expect(posted.status).toBe("HTTP/1.1 405 Method Not Allowed");
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
    const large = await curl("-H", `X-Large: ${"x".repeat(102_400)}`, `${url}/time.html`);
    expect(large.status).toBe("HTTP/1.1 431 Request Header Fields Too Large");
  });
});

describe("the time server", { timeout: 2 * DEADLINE_MS }, () => {
  it("answers each once, whole or broken, and closes", async () => {
    const server = program("time-server", "--port", "0");
    const port = await server.port();
    for (const [what, request, status] of REQUESTS) {
      const caller = await call(port, request);
      expect([what, ...statusesOf(caller)]).toEqual([what, status]);
    }
  });

  it("puts a request together that comes byte by byte", async () => {
    const server = program("time-server", "--port", "0");
    const caller = new Caller(await server.port());
    for (const byte of "GET /time.html HTTP/1.1\r\nHost: here\r\n\r\n") {
      caller.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await caller.received.until(/^HTTP\/1\.1 200 OK\r$/);
  });

  it("sends half a request away at its deadline, and others are answered meanwhile", async () => {
    const server = program("time-server", "--port", "0", "--timeout", "1000");
    const port = await server.port();
    const slow = new Caller(port);
    slow.send("GET /time.html HT");
    const quick = new Caller(port);
    quick.send("GET /time.html HTTP/1.1\r\n\r\n");
    await quick.received.until(/^<\/html>$/);
    await slow.received.until(/^HTTP\/1\.1 408 Request Timeout\r$/);
    await slow.received.until(/^<\/html>$/);
    await server.out.until(/ no whole request 408$/);
  });

  it("bears a binary flood, and answers others meanwhile", async () => {
    const server = program("time-server", "--port", "0");
    const port = await server.port();
    const flooders = Array.from({ length: 5 }, () => new Caller(port));
    for (const flooder of flooders) flooder.send(randomBytes(2_000_000));
    const quick = new Caller(port);
    quick.send("GET /time.html HTTP/1.1\r\n\r\n");
    await quick.received.until(/^<\/html>$/);
    for (const flooder of flooders) await flooder.received.until(/^HTTP\/1\.1 4(00|31) /);
    await server.kill("SIGTERM");
    expect(await server.exit()).toBe(0);
    expect(server.err.all).toEqual([]);
  });

  it("answers nc, which has finished sending, and tells it when half is missing", needs("nc"), async () => {
    const server = program("time-server", "--port", "0");
    const port = await server.port();
    for (const [request, status] of [
      ["GET /time.html HTTP/1.0\n\n", /^HTTP\/1\.1 200 OK\r$/],
      ["GET /time.html HTTP/1.0\n", /^HTTP\/1\.1 400 Bad Request\r$/],
    ] as const) {
      const nc = netcat(port, "-N");
      nc.process.stdin?.end(request);
      await nc.out.until(status);
      await nc.out.until(/^<\/html>$/);
      expect(await nc.exit()).toBe(0);
    }
  });

  it("answers Python's sockets, blocking and not", needs("python3"), async () => {
    const server = program("time-server", "--port", "0");
    const port = await server.port();
    const blocking = python(
      port,
      `s = socket.create_connection(("127.0.0.1", port)); s.sendall(b"GET /time.html HTTP/1.0\\r\\n\\r\\n")
answer = b"".join(iter(lambda: s.recv(1024), b""))
head, body = answer.split(b"\\r\\n\\r\\n", 1)
print(head.split(b"\\r\\n")[0].decode(), f"Content-Length: {len(body)}".encode() in head)`,
    );
    await blocking.out.until(/^HTTP\/1\.1 200 OK True$/);
    const polling = python(
      port,
      `s = socket.socket(); s.connect(("127.0.0.1", port)); s.setblocking(False)
s.send(b"HEAD /time.html HTTP/1.1\\r\\n"); s.send(b"\\r\\n")
answer = b""
while True:
    select.select([s], [], [])
    try: data = s.recv(16)
    except BlockingIOError: continue
    if not data: break
    answer += data
print(answer.split(b"\\r\\n")[0].decode(), answer.endswith(b"\\r\\n\\r\\n"))`,
    );
    await polling.out.until(/^HTTP\/1\.1 200 OK True$/);
  });

  it("says in one line that its port is taken", async () => {
    const first = program("time-server", "--port", "0");
    const second = program("time-server", "--port", `${await first.port()}`);
    expect(await second.exit()).toBe(1);
    expect(second.err.all).toHaveLength(1);
    expect(second.err.all[0]).toMatch(/^time-server: cannot listen on 127\.0\.0\.1:\d+: another program /);
  });
});

async function open(): Promise<string> {
  const server = program("time-server", "--port", "0");
  return `http://127.0.0.1:${await server.port()}`;
}

/** Asks once, and receives the answer to its end. */
async function call(port: number, request: string | Uint8Array): Promise<Caller> {
  const caller = new Caller(port);
  const over = new Promise((resolve) => caller.socket.once("end", resolve));
  caller.send(request);
  await caller.received.until(/^<\/html>$/);
  await over;
  return caller;
}

function statusesOf(caller: Caller): number[] {
  const found = caller.received.all.map((line) => /^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  return found.filter((status) => status !== undefined).map(Number);
}

/** What curl prints with `-i`, in its parts. */
async function curl(...args: readonly string[]): Promise<{
  status: string;
  headers: Map<string, string>;
  body: string;
}> {
  const child = new Child("curl", ["-s", "-i", "-H", "Expect:", ...args]);
  expect(await child.exit()).toBe(0);
  const text = child.out.all.map((line) => `${line}\n`).join("");
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [status = "", ...fields] = head.split("\r\n");
  return { status, headers: new Map(fields.map(field)), body: rest.join("\r\n\r\n") };
}

function field(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

const REQUESTS: readonly (readonly [what: string, request: string | Uint8Array, status: number])[] = [
  ["a lone LF", "GET /time.html HTTP/1.0\n\n", 200],
  ["an empty line in front", "\r\nGET /time.html HTTP/1.1\r\n\r\n", 200],
  ["a whole address as the target", "GET http://example.org/time.html HTTP/1.1\r\n\r\n", 200],
  ["no version", "GET /time.html\r\n\r\n", 400],
  ["a header that is none", "GET /time.html HTTP/1.1\r\nno colon\r\n\r\n", 400],
  ["a header folded over two lines", "GET /time.html HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400],
  ["an escape code in the target", "GET /\u001b[2J HTTP/1.1\r\n\r\n", 400],
  ["another protocol's version", "GET /time.html HTTP/2.0\r\n\r\n", 505],
  ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x0a, 0x0a]), 400],
  [
    "a second request and noise behind the first",
    "GET /time.html HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n\0\0",
    200,
  ],
  ["a header without an end", `GET /time.html HTTP/1.1\r\nA: ${"x".repeat(20_000)}`, 431],
];
