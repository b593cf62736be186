import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { Caller, DEADLINE_MS } from "../children.ts";
import { endEverything, program, python, run, server } from "./foreign.ts";

afterEach(endEverything);

describe("the echo server", { timeout: 3 * DEADLINE_MS }, () => {
  it("gives Python's blocking client its message in pieces of 16 bytes", needs("python3"), async () => {
    const { child, port } = await server("echo-server", "--host", "127.0.0.1", "--port", "0");
    const { out, err } = await python(
      `
sock = socket.create_connection(at)
message = b"This is the message.  It will be repeated."
sock.sendall(message)
got = b""
while len(got) < len(message): got += sock.recv(16)
print(got.decode(), end="")
sock.close()`,
      port,
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("This is the message.  It will be repeated.");
    await child.out.until(/^connection from 127\.0\.0\.1:\d+$/);
    await child.out.until(/^received 'This is the mess'$/);
    await child.out.until(/^no more data from 127\.0\.0\.1:\d+$/);
  });

  it("serves a hundred of Python's non-blocking clients at once", needs("python3"), async () => {
    const { port } = await server("echo-server", "--port", "0");
    const { out, err } = await python(
      `
socks = []
for i in range(100):
    s = socket.socket(); s.setblocking(False); s.connect_ex(at); socks.append(s)
sent, got, until = set(), {s: b"" for s in socks}, time.monotonic() + 50
said = {s: b"client %03d says this much" % i for i, s in enumerate(socks)}
while any(got[s] != said[s] for s in socks) and time.monotonic() < until:
    readable, writable, _ = select.select(socks, [s for s in socks if s not in sent], [], 1)
    for s in writable: s.send(said[s]); sent.add(s)
    for s in readable:
        try: got[s] += s.recv(16)
        except BlockingIOError: pass
print(sum(got[s] == said[s] for s in socks), end="")`,
      port,
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("100");
  });

  it("loses nothing of a megabyte to a client that reads late and slowly", needs("python3"), async () => {
    const { child, port } = await server("echo-server", "--port", "0");
    const { out, err } = await python(
      `
import threading
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.connect(at)
data = os.urandom(1 << 20)
def send(): sock.sendall(data); sock.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
time.sleep(0.3)
got = b""
while True:
    piece = sock.recv(8192)
    if not piece: break
    got += piece
    if len(got) < 200000: time.sleep(0.002)
print(len(got), got == data, end="")`,
      port,
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("1048576 True");
    await child.out.until(/^no more data from /);
  });

  it("goes on when a client is reset in the middle", needs("python3"), async () => {
    const { child, port } = await server("echo-server", "--port", "0");
    const { err } = await python(
      `
import struct
sock = socket.create_connection(at)
sock.sendall(b"half a wo")
sock.recv(1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
sock.close()`,
      port,
    );
    expect(err).toBe("");
    await child.out.until(/^lost 127\.0\.0\.1:\d+: the peer reset the connection/);
    const client = program("echo-client", "--port", String(port), "still there?");
    expect(await client.exit()).toBe(0);
  });

  it("answers netcat in full after it has finished sending, in capitals", needs("nc"), async () => {
    const { port } = await server("echo-server", "--port", "0", "--host", "", "--upper");
    const said = "Hello, grüß Gott, and more than sixteen bytes\n";
    const { out, code } = await run("nc", ["-N", "127.0.0.1", String(port)], said);
    expect(out.toString()).toBe("HELLO, GRüß GOTT, AND MORE THAN SIXTEEN BYTES\n");
    expect(code).toBe(0);
  });

  it("says that it listens everywhere, and ends with 0 when asked to", async () => {
    const { child } = await server("echo-server", "--port", "0", "--host", "0.0.0.0");
    expect(child.out.all[0]).toMatch(/^listening on 0\.0\.0\.0:\d+ \(every address of this machine\)$/);
    child.process.kill("SIGTERM");
    expect(await child.exit()).toBe(0);
    expect(child.err.all).toEqual([]);
  });

  it("ends with 0 on Ctrl-C in front of a client that stays, and says goodbye to it", async () => {
    const { child, port } = await server("echo-server", "--port", "0");
    const client = new Caller(port);
    const goodbye = once(client.socket, "end");
    await child.out.until(/^connection from /);
    child.process.kill("SIGINT");
    expect(await child.exit()).toBe(0);
    await goodbye; // and no reset
    expect(client.received.all).toEqual([]);
  });

  it("says in one line that its port is taken, or its command line wrong", async () => {
    const { port } = await server("echo-server", "--host", "127.0.0.1", "--port", "0");
    const second = program("echo-server", "--host", "127.0.0.1", "--port", String(port));
    const wrong = [
      program("echo-server", "--port", "65536"),
      program("echo-server", "--tls-key", "nowhere.key"),
      program("echo-server", "--path", "x".repeat(300)),
    ];
    expect(await second.exit()).toBe(1);
    expect(second.err.all).toHaveLength(1);
    expect(second.err.all[0]).toContain("cannot listen: another program listens on that address");
    expect(await Promise.all(wrong.map((one) => one.exit()))).toEqual([2, 2, 2]);
    for (const one of wrong) expect(one.err.all).toHaveLength(1);
    expect(wrong[0]?.err.all).toEqual(['echo-server: expected a port from 0 to 65535, got "65536"']);
  });
});

describe("over a path", { timeout: 3 * DEADLINE_MS, ...needs("unix sockets") }, () => {
  it("server and client speak, and the file is gone afterwards", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-echo-"));
    try {
      const path = join(folder, "echo.sock");
      const { child } = await server("echo-server", "--path", path);
      expect(statSync(path).isSocket()).toBe(true);
      const client = program("echo-client", "--path", path, "by path");
      expect(await client.exit()).toBe(0);
      expect(client.out.all).toContain("received 'by path'");
      child.process.kill("SIGINT");
      expect(await child.exit()).toBe(0);
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("the server answers netcat, too", needs("nc"), async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-echo-"));
    try {
      const path = join(folder, "echo.sock");
      await server("echo-server", "--path", path);
      expect((await run("nc", ["-NU", path], "me too")).out.toString()).toBe("me too");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
