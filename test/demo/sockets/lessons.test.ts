import { hostname } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { Child, DEADLINE_MS } from "../children.ts";
import { endEverything, program, python, run, server } from "./foreign.ts";

afterEach(endEverything);

const NOBODY = ["--host", "127.0.0.1", "--port", "1"] as const;

describe("the echo client", { timeout: 3 * DEADLINE_MS }, () => {
  it("puts together what a server of Python's sends byte by byte", needs("python3"), async () => {
    const peer = new Child("python3", [
      "-uc",
      `
import socket
server = socket.create_server(("127.0.0.1", 0))
print("port", server.getsockname()[1])
connection, _ = server.accept()
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
got = b""
while len(got) < 10: got += connection.recv(16)
for byte in got: connection.send(bytes([byte]))
print("then", connection.recv(16))`,
    ]);
    const [, port] = await peer.out.until(/^port (\d+)$/);
    const client = program("echo-client", "--host", "127.0.0.1", "--port", String(port), "grüße-ß");
    expect(await client.exit()).toBe(0);
    expect(client.out.all).toContain("that was all: 10 bytes");
    const pieces = client.out.all.flatMap((line) => /^received '(.*)'$/.exec(line)?.[1] ?? []);
    expect(pieces.join("")).toBe("grüße-ß");
    await peer.out.until(/^then b''$/);
  });

  it("says in one line that nobody listens, also to a message of no bytes", async () => {
    const clients = [program("echo-client", ...NOBODY), program("echo-client", ...NOBODY, "")];
    expect(await Promise.all(clients.map((client) => client.exit()))).toEqual([1, 1]);
    for (const client of clients) {
      expect(client.err.all).toHaveLength(1);
      expect(client.err.all[0]).toContain("cannot connect to 127.0.0.1:1: nobody listens there");
    }
  });
});

describe("the greeter", { timeout: 3 * DEADLINE_MS }, () => {
  it("loses nothing, though the client speaks first and reads late", needs("python3"), async () => {
    const { child, port } = await server("greeter", "--port", "0");
    const { out, err } = await python(
      `
sock = socket.create_connection(at)
sock.sendall(b"x" * 100000)
time.sleep(0.5)
print(sock.recv(1024).decode(), sock.recv(1024), end="")`,
      port,
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("Thank you for connecting b''");
    await child.out.until(/^got connection from /);
  });

  it("greets curl's telnet", needs("curl"), async () => {
    const { port } = await server("greeter", "--port", "0");
    const { out } = await run("curl", ["-s", `telnet://127.0.0.1:${port}`]);
    expect(out.toString()).toBe("Thank you for connecting");
  });
});

describe("what a name leads to", { timeout: 3 * DEADLINE_MS }, () => {
  it("is told for a connection: family, type, protocol, both addresses", async () => {
    const { port } = await server("greeter", "--port", "0");
    const info = program("connect-info", "127.0.0.1", String(port));
    expect(await info.exit()).toBe(0);
    expect(info.out.all).toEqual([
      `connected to 127.0.0.1:${port}`,
      "  family    IPv4",
      "  type      stream",
      "  protocol  TCP",
      expect.stringMatching(/^ {2}local {5}127\.0\.0\.1:\d+$/),
      `  remote    127.0.0.1:${port}`,
    ]);
  });

  it("is told for a failure: which attempts, and why", async () => {
    const info = program("connect-info", "127.0.0.1", "1");
    expect(await info.exit()).toBe(1);
    expect(info.err.all[0]).toContain("connect-info: cannot connect to 127.0.0.1:1: nobody listens there");
    expect(info.err.all[1]).toContain("  failed    127.0.0.1:1: nobody listens there");
  });

  it("is told for a lookup, with the port of a service", async () => {
    const [info, unknown] = [
      program("address-info", "127.0.0.1", "http"),
      program("address-info", "localhost", "no-such-service"),
    ];
    expect(await info.exit()).toBe(0);
    expect(info.out.all).toEqual([
      `this machine is ${hostname()}`,
      "127.0.0.1 has these addresses:",
      "  IPv4  127.0.0.1:80",
    ]);
    expect(await unknown.exit()).toBe(1);
    expect(unknown.err.all).toHaveLength(1);
  });
});

describe("datagrams", { timeout: 3 * DEADLINE_MS }, () => {
  it("of none and of too many bytes leave the server as it was", needs("python3"), async () => {
    const { child, port } = await server("udp-echo-server", "--host", "127.0.0.1", "--port", "0");
    const { out, err } = await python(
      `
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(50)
sock.sendto(b"", at)
sock.sendto(b"x" * 4097, at)
sock.sendto(b"y" * 4096, at)
sock.sendto(b"last", at)
got = [sock.recvfrom(9000)[0] for _ in range(2)]
print(len(got[0]), got[1].decode(), end="")`,
      port,
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("4096 last");
    // Both may come in one frame, or each in its own.
    const dropped = () =>
      child.out.all.reduce((sum, line) => sum + Number(line.match(/^dropped (\d)/)?.[1] ?? 0), 0);
    while (dropped() < 2) await child.out.until(/^dropped \d of no bytes, or more than 4096$/);
    expect(dropped()).toBe(2);
  });

  it("are echoed to our client, and the server ends with 0", async () => {
    const { child, port } = await server("udp-echo-server", "--host", "127.0.0.1", "--port", "0");
    const client = program("udp-echo-client", "--host", "127.0.0.1", "--port", String(port), "hello");
    const second = program("udp-echo-server", "--host", "127.0.0.1", "--port", String(port));
    expect(await client.exit()).toBe(0);
    expect(client.out.all.at(-1)).toBe("received 'hello'");
    expect(await second.exit()).toBe(1);
    expect(second.err.all[0]).toContain("another program listens on that address");
    child.process.kill("SIGINT");
    expect(await child.exit()).toBe(0);
  });

  it("are repeated by our client until a server of Python's answers", needs("python3"), async () => {
    const peer = new Child("python3", [
      "-uc",
      `
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
print("port", sock.getsockname()[1])
sock.recvfrom(4096)
data, address = sock.recvfrom(4096)
sock.sendto(data.upper(), address)`,
    ]);
    const [, port] = await peer.out.until(/^port (\d+)$/);
    const client = program("udp-echo-client", "--host", "127.0.0.1", "--port", String(port), "hello");
    expect(await client.exit()).toBe(0);
    expect(client.out.all.slice(0, 2)).toEqual(["sending 'hello'", "sending 'hello', try 2"]);
    expect(client.out.all.at(-1)).toBe("received 'HELLO'"); // after a third try, where the answer was slow
  });

  it("are given up on when nobody answers, and refused when they are too long", async () => {
    const [alone, long] = [
      program("udp-echo-client", ...NOBODY, "hello"),
      program("udp-echo-client", ...NOBODY, "x".repeat(4_097)),
    ];
    expect(await long.exit()).toBe(2);
    expect(long.err.all).toEqual(["udp-echo-client: message: 4097 bytes are over maxDatagramBytes, 4096"]);
    expect(await alone.exit()).toBe(1);
    expect(alone.err.all).toHaveLength(1);
    expect(alone.err.all[0]).toContain("no answer from 127.0.0.1:1 to 3 tries");
  });
});
