import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { Caller, type Child, DEADLINE_MS, endAll } from "../children.ts";
import { netcat, program, python } from "./programs.ts";

afterEach(endAll);

describe("the chat server", { timeout: 2 * DEADLINE_MS }, () => {
  it(
    "tells a line of nc to the others and back, and ends at quit or an empty line",
    needs("nc"),
    async () => {
      const { server, port } = await open();
      const ann = netcat(port, "-N"); // hangs up at the end of its stdin, where others wait for the server to
      const annsAddress = await nextClient(server);
      const ben = netcat(port, "-N");
      const bensAddress = await nextClient(server);
      ann.type("hello\n");
      await ann.out.until(/^server:hello$/);
      await ben.out.until(new RegExp(`^${annsAddress}: hello$`));
      ben.type("grüße\r\n");
      await ann.out.until(new RegExp(`^${bensAddress}: grüße$`));
      ann.process.stdin?.end("quit\n");
      await ann.out.until(/^server: goodbye$/);
      await server.out.until(new RegExp(`^${annsAddress} went: this side closed the connection$`));
      ben.process.stdin?.end("\n");
      await ben.out.until(/^server: goodbye$/);
      expect(await ben.exit()).toBe(0);
      expect(ben.out.all).toHaveLength(3);
    },
  );

  it("talks with Python's sockets, blocking and not", needs("python3"), async () => {
    const { server, port } = await open();
    const blocking = python(
      port,
      `s = socket.create_connection(("127.0.0.1", port))
f = s.makefile("r", newline="\\n")
s.sendall(b"I blo"); s.sendall(b"ck\\n")
for line in f: print(line, end="")
print("over")`,
    );
    await blocking.out.until(/^server:I block$/);
    const polling = python(
      port,
      `s = socket.socket(); s.connect(("127.0.0.1", port)); s.setblocking(False)
s.send(b"I do not\\nquit\\n")
while True:
    select.select([s], [], [])
    try: data = s.recv(16)
    except BlockingIOError: continue
    if data == b"": break
    sys.stdout.write(data.decode())`,
    );
    await blocking.out.until(/^127\.0\.0\.1:\d+: I do not$/);
    expect(await polling.exit()).toBe(0);
    expect(polling.out.all).toEqual(["server:I do not", "server: goodbye"]);
    server.type("quit\n");
    await blocking.out.until(/^server: the chat is over, goodbye$/);
    await blocking.out.until(/^over$/);
    expect(await server.exit()).toBe(0);
  });

  it("carries each line of a hundred to all others once, in the order of its sender", async () => {
    const { server, port } = await open();
    const clients = Array.from({ length: 100 }, () => new Caller(port));
    for (const _ of clients) await nextClient(server);
    for (let round = 1; round <= LINES_EACH; round++)
      for (const client of clients) client.send(`line ${round}\n`);
    for (const { received } of clients) for (let n = 0; n < 100 * LINES_EACH; n++) await received.until(/./);
    server.type("quit\n");
    for (const { received } of clients) await received.until(/^server: the chat is over/);
    expect(await server.exit()).toBe(0);
    for (const client of clients) {
      const speakers = new Map<string, number[]>();
      for (const line of client.received.all.slice(0, -1)) {
        const [, speaker = line, round] = /^(.*): ?line (\d)$/.exec(line) ?? [];
        (speakers.get(speaker) ?? speakers.set(speaker, []).get(speaker))?.push(Number(round));
      }
      expect(speakers.size).toBe(100);
      for (const rounds of speakers.values()) expect(rounds).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it("obeys its console: list, say, kick, quit", async () => {
    const { server, port } = await open();
    const [ann, annsAddress] = await join(server, port);
    const [ben, bensAddress] = await join(server, port);
    server.type("list\n");
    await server.out.until(/^2 here$/);
    await server.out.until(new RegExp(`^ {2}${annsAddress}$`));
    await server.out.until(new RegExp(`^ {2}${bensAddress}$`));
    server.type("say dinner is ready\nkick 127.0.0.1:1\ndance\n");
    await ann.received.until(/^server: dinner is ready$/);
    await server.out.until(/^said to 2$/);
    await server.out.until(/^nobody here is called 127\.0\.0\.1:1$/);
    await server.out.until(/^list, say TEXT, kick ADDRESS or quit\?$/);
    server.type(`kick ${annsAddress}\n`);
    await ann.received.until(/^server: you were kicked, goodbye$/);
    await server.out.until(new RegExp(`^${annsAddress} went: `));
    ben.send("still here\n");
    await ben.received.until(/^server:still here$/);
    server.type("quit\n");
    await ben.received.until(/^server: the chat is over, goodbye$/);
    expect(await server.exit()).toBe(0);
    expect(server.err.all).toEqual([]);
  });

  it.each([
    ["a line of 70 KB", `${"x".repeat(70_000)}\n`, "line 1 is longer than the limit of 4096 bytes"],
    ["what is not UTF-8", new Uint8Array([0x68, 0xff, 0xfe, 0x0a]), "line 1 is not valid UTF-8"],
  ])("closes who sends %s, with a clear word, and nobody else notices", async (_, bad, word) => {
    const { server, port } = await open();
    const [ann] = await join(server, port);
    const [ben, bensAddress] = await join(server, port);
    ben.send(bad);
    await server.out.until(new RegExp(`^${bensAddress} went: ${word}$`));
    ann.send("calm\n");
    await ann.received.until(/^server:calm$/);
    expect(ann.received.all).toEqual(["server:calm"]);
  });

  it("lets no escape code through to the terminals of others", async () => {
    const { server, port } = await open();
    const [ann] = await join(server, port);
    const [ben] = await join(server, port);
    ben.send("\u001b[2Jred\u0007\r\r\n");
    await ann.received.until(/: \?\[2Jred\?$/);
  });

  it("drops who does not read, and the others receive every line", async () => {
    const { server, port } = await open();
    const [ann] = await join(server, port);
    const [ben] = await join(server, port);
    const [deaf, deafsAddress] = await join(server, port);
    deaf.socket.pause();
    const dropped = server.out.until(new RegExp(`^${deafsAddress} does not read: \\d+ bytes wait for it`));
    let isDropped = false;
    void dropped.then(() => (isDropped = true));
    let batches = 0;
    for (; !isDropped && batches < 100; batches++) {
      ann.send(`${"x".repeat(4_000)}\n`.repeat(250)); // a megabyte
      ann.send(`batch ${batches}\n`);
      await ben.received.until(new RegExp(`: batch ${batches}$`));
    }
    await dropped;
    await server.out.until(new RegExp(`^${deafsAddress} went: this side aborted the connection$`));
    expect(ben.received.all).toHaveLength(251 * batches);
  });

  it("says in one line that its port is taken, or what is wrong with an option", async () => {
    const { port } = await open();
    const second = program("chat-server", "--port", `${port}`);
    expect(await second.exit()).toBe(1);
    expect(second.err.all).toHaveLength(1);
    expect(second.err.all[0]).toMatch(
      /^chat-server: cannot listen on .*: another program listens there|address/,
    );
    const wrong = program("chat-server", "--port", "many");
    expect(await wrong.exit()).toBe(2);
    expect(wrong.err.all).toEqual([`chat-server: expected a port from 0 to 65535, got "many"`]);
  });
});

describe("the chat client", { timeout: 2 * DEADLINE_MS }, () => {
  it("says hello, prints what comes with the time, and leaves at the end of stdin", async () => {
    const { server, port } = await open();
    const [ann] = await join(server, port);
    const client = program("chat-client", "--port", `${port}`);
    const [, here] = await client.out.until(/^\[\d\d:\d\d:\d\d\] connected to \S+ as (\S+)$/);
    await ann.received.until(new RegExp(`^${here}: hello from ${here}$`));
    ann.send("welcome\n");
    await client.out.until(/^\[\d\d:\d\d:\d\d\] \S+: welcome$/);
    client.type(`${"x".repeat(5_000)}\nmy last words\n`);
    client.process.stdin?.end();
    expect(await client.exit()).toBe(0);
    await client.out.until(/^\[.*\] server:my last words$/);
    expect(client.err.all).toEqual(["a line of 5000 bytes is over the limit of 4096: not taken"]);
    await server.out.until(new RegExp(`^${here} went: the peer `));
  });

  it.each([
    ["quit", (client: Child) => client.type("quit\n")],
    ["an interrupt", (client: Child) => client.process.kill("SIGINT")],
  ])("leaves at %s, with exit code 0", async (_, act) => {
    const { port } = await open();
    const client = program("chat-client", "--port", `${port}`);
    await client.out.until(/ server:hello from /);
    act(client);
    expect(await client.exit()).toBe(0);
    expect(client.err.all).toEqual([]);
  });

  it("killed with SIGKILL is seen to go, and the others chat on", async () => {
    const { server, port } = await open();
    const [ann] = await join(server, port);
    const client = program("chat-client", "--port", `${port}`);
    const address = await nextClient(server);
    await ann.received.until(/: hello from /);
    await client.kill("SIGKILL");
    await server.out.until(new RegExp(`^${address} went: the peer `));
    ann.send("alone\n");
    await ann.received.until(/^server:alone$/);
  });

  it("says in one line that nobody listens, or that the server has gone, and exits 1", async () => {
    const { server, port } = await open();
    const client = program("chat-client", "--port", `${port}`);
    await client.out.until(/ server:hello from /);
    server.type("quit\n");
    expect(await client.exit()).toBe(1);
    expect(client.err.all).toEqual(["chat-client: the server has gone: the peer closed the connection"]);
    await server.exit();
    const late = program("chat-client", "--port", `${port}`);
    expect(await late.exit()).toBe(1);
    expect(late.err.all).toHaveLength(1);
    expect(late.err.all[0]).toMatch(/^chat-client: cannot reach 127\.0\.0\.1:\d+: nobody listens there /);
  });
});

async function open(): Promise<{ server: Child; port: number }> {
  const server = program("chat-server", "--port", "0");
  return { server, port: await server.port() };
}

/** A new client, and the address that the server knows it by. */
async function join(server: Child, port: number): Promise<[client: Caller, address: string]> {
  const client = new Caller(port);
  await once(client.socket, "connect");
  return [client, await nextClient(server)];
}

async function nextClient(server: Child): Promise<string> {
  const [, address = ""] = await server.out.until(/^(\S+) came$/);
  return address;
}

const LINES_EACH = 5;
