import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { certificates } from "../../transport/node/certificates.ts";
import { DEADLINE_MS } from "../children.ts";
import { endEverything, program, python, run, server } from "./foreign.ts";

afterEach(endEverything);

const made = certificates();
const file = (name: string): string => join(made?.folder ?? "", name);

describe("the echo server over TLS", { timeout: 3 * DEADLINE_MS, ...needs("openssl") }, () => {
  const secured = () =>
    server(
      "echo-server",
      ...["--host", "127.0.0.1", "--port", "0"],
      ...["--tls-key", file("localhost.key"), "--tls-cert", file("localhost.crt")],
    );

  it("answers openssl's client in full, and receives the end of its stream", async () => {
    const { child, port } = await secured();
    const trust = ["-CAfile", file("ca.crt"), "-verify_return_error"];
    const how = ["s_client", "-quiet", "-no_ign_eof", "-connect", `127.0.0.1:${port}`, ...trust];
    const said = "hello from openssl, in more than sixteen bytes\n";
    const { out } = await run("openssl", how, said, said.length);
    expect(out.toString()).toBe(said);
    await child.out.until(/^no more data from /);
  });

  it("answers Python's ssl module", needs("python3 with ssl"), async () => {
    const { port } = await secured();
    const { out, err } = await python(
      `
import ssl
context = ssl.create_default_context(cafile=sys.argv[2])
with context.wrap_socket(socket.create_connection(at), server_hostname="localhost") as sock:
    sock.sendall(b"from Python")
    got = b""
    while len(got) < 11: got += sock.recv(16)
print(got.decode(), end="")`,
      port,
      file("ca.crt"),
    );
    expect(err).toBe("");
    expect(out.toString()).toBe("from Python");
  });

  it("rejects a client that sends plain text, and goes on", async () => {
    const { child, port } = await secured();
    const plain = program("echo-client", "--host", "127.0.0.1", "--port", String(port), "plain text");
    expect(await plain.exit()).toBe(1);
    expect(plain.err.all[0]).toMatch(/^echo-client: got back 0 of 10 bytes: /);
    await child.out.until(/^turned away: the peer does not speak TLS/);

    const at = ["--host", "127.0.0.1", "--port", String(port)];
    const secure = program("echo-client", ...at, "--tls-ca", file("ca.crt"), "a secret");
    expect(await secure.exit()).toBe(0);
    expect(secure.out.all).toContain("received 'a secret'");
  });

  it("is not believed by a client that trusts somebody else", async () => {
    const { port } = await secured();
    const at = ["--host", "127.0.0.1", "--port", String(port)];
    const client = program("echo-client", ...at, "--tls-ca", file("self.crt"));
    expect(await client.exit()).toBe(1);
    expect(client.err.all[0]).toContain("no trusted authority has signed the peer's certificate");
  });
});
