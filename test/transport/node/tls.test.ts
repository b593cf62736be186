import { once } from "node:events";
import net from "node:net";
import nodeTls from "node:tls";
import { describe, expect, test } from "vitest";
import { type Connection, lines, type TlsOptions, tls } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "./certificates.ts";
import { client, newPoller, nextAccepted, nodeClient, owned, server, until } from "./tls-rig.ts";

describe("tls", needs("openssl"), () => {
  const { ca, localhost, example, expired, player, selfSigned } = certificates() ?? NO_CERTIFICATES;

  test("carries lines both ways, and tells what was agreed on", async () => {
    const there = await server({ ...localhost, ALPNProtocols: ["cube/2", "cube/1"] });
    const { poller, port } = there;
    const near = client(poller, port, { ca, ALPNProtocols: ["cube/1"] });
    near.trySend("hello");
    expect(near.security).toBeUndefined();
    const far = await nextAccepted(there);
    await until(poller, () => far.tryRecv() === "hello");
    far.trySend("welcome");
    await until(poller, () => near.tryRecv() === "welcome");
    expect(near.security).toMatchObject({
      protocol: "TLSv1.3",
      applicationProtocol: "cube/1",
      isAuthorized: true,
      peerCertificate: { commonName: "localhost", issuer: "test authority" },
    });
    expect(far.security).toMatchObject({ applicationProtocol: "cube/1", peerCertificate: undefined });
  });

  test.each<[string, () => { server: Partial<TlsOptions>; client: Partial<TlsOptions> }, string]>([
    [
      "an unknown authority",
      () => ({ server: selfSigned, client: { ca } }),
      "no trusted authority has signed the peer's certificate",
    ],
    [
      "an expired certificate",
      () => ({ server: expired, client: { ca } }),
      "the peer's certificate has expired",
    ],
    [
      "a certificate for another name",
      () => ({ server: example, client: { ca } }),
      "the peer's certificate is for another name",
    ],
  ])("refuses %s, with the reason", async (_, options, sentence) => {
    const { server: there, client: here } = options();
    const { poller, port } = await server(there);
    const near = client(poller, port, here);
    await until(poller, () => near.state === "closed");
    expect(near.closeReason).toMatchObject({ kind: "handshake", code: expect.any(String) });
    expect(near.closeReason?.message).toContain(sentence);
  });

  test("knows a peer by its certificate (mutual TLS)", async () => {
    const there = await server({ ...localhost, ca, requestCert: true });
    const { poller, port } = there;
    client(poller, port, { ca, ...player });
    const far = await nextAccepted(there);
    expect(far.security).toMatchObject({
      isAuthorized: true,
      peerCertificate: { commonName: "player one", altNames: "DNS:player.test" },
    });
  });

  test("reports a client without a certificate where one is wanted, or with one that is not trusted", async () => {
    const { poller, listener, drops, port } = await server({ ...localhost, ca, requestCert: true });
    const bare = client(poller, port, { ca });
    await until(poller, () => bare.state === "closed" && drops.length === 1);
    const impostor = client(poller, port, { ca, ...selfSigned });
    await until(poller, () => impostor.state === "closed" && drops.length === 2);
    expect(drops).toEqual([
      "handshake: the peer presented no certificate",
      "handshake: the peer presented no certificate that this side trusts",
    ]);
    expect(listener.tryAccept()).toBeUndefined();
  });

  test("shows each client the certificate for the name it asks for (SNI)", async () => {
    const { poller, port } = await server({ ...localhost, identities: { "example.test": example } });
    const near = client(poller, port, { ca, servername: "example.test" });
    await until(poller, () => near.state !== "connecting");
    expect(near.security?.peerCertificate?.commonName).toBe("example.test");
  });

  test("reports a client that speaks plain text, and serves the others", async () => {
    const { poller, listener, drops, port } = await server(localhost);
    const sentences: string[] = [];
    poller.on("drop", ({ reason }) => sentences.push(reason.message));
    const plain = net.connect(port, "127.0.0.1", () => plain.write("GET / HTTP/1.1\r\n\r\n"));
    owned(plain);
    await until(poller, () => drops.length > 0);
    expect(drops).toEqual(["handshake: the peer does not speak TLS"]);
    expect(listener.stats).toMatchObject({ accepted: 0, dropped: 1 });
    expect(sentences).toEqual([expect.not.stringContaining("\n")]);
    const near = client(poller, port, { ca });
    await until(poller, () => near.state === "open");
  });

  test("reports a client that never finishes its handshake", async () => {
    const { poller, listener, drops, port } = await server({ ...localhost, handshakeTimeoutMs: 30 });
    owned(net.connect(port, "127.0.0.1"));
    await until(poller, () => drops.length > 0);
    expect(drops).toEqual(["timeout: the peer did not finish the handshake in time"]);
    expect(listener.stats.droppedBy).toEqual({ handshakeTimeoutMs: 1 });
  });

  test("lives with a certificate whose dates are none", async () => {
    const { poller, port } = await server({ ...localhost, cert: withoutDates(localhost.cert as string) });
    const near = client(poller, port, { rejectUnauthorized: false });
    await until(poller, () => near.state !== "connecting");
    expect(near.security?.isAuthorized).toBe(false);
    expect(near.security?.peerCertificate?.validFrom).toBeTypeOf("string");
  });

  test("does not tell a stream that was cut by a bare end of TCP from one that its peer has ended", async () => {
    // Node reports both as the same end. When it tells them apart, tls() should: this test will say so.
    const reasons: (string | undefined)[] = [];
    for (const end of ["the peer's own", "somebody else's"]) {
      const there = await server(localhost);
      const proxy = net.createServer((socket) => {
        const onwards = owned(net.connect(there.port, "127.0.0.1"));
        owned(socket).pipe(onwards, { end: end === "the peer's own" });
        onwards.pipe(socket).on("end", () => {});
        cut = () => onwards.end();
      });
      let cut = () => {};
      await once(proxy.listen(0, "127.0.0.1"), "listening");
      const near = client(there.poller, (proxy.address() as net.AddressInfo).port, { ca });
      near.trySend("pay 10 coins");
      const far = await nextAccepted(there);
      await until(there.poller, () => far.tryRecv() === "pay 10 coins");
      if (end === "the peer's own") near.close();
      else cut();
      await until(there.poller, () => far.state === "closed");
      reasons.push(far.closeReason?.kind);
      proxy.close();
    }
    expect(reasons).toEqual(["remote", "remote"]);
  });

  test("tells a stream that was cut inside of a message, whoever has cut it", async () => {
    const there = await server(localhost);
    const near = nodeClient(there.port, { ca, servername: "localhost" });
    near.write("half a li");
    const far = await nextAccepted(there);
    near.end();
    await until(there.poller, () => far.state === "closed");
    expect(far.closeReason?.kind).toBe("protocol");
  });

  test("counts bytes of an unfinished record as life", async () => {
    // A record comes through a proxy in two halves, with a silence longer than the idle deadline between them.
    const idleTimeoutMs = 1_000;
    const there = await server(localhost, { idleTimeoutMs });
    const pieces: Buffer[] = [];
    let onwards: net.Socket | undefined;
    let holds = false;
    const proxy = net.createServer((socket) => {
      onwards = owned(net.connect(there.port, "127.0.0.1"));
      onwards.pipe(owned(socket));
      socket.on("data", (piece) => (holds ? pieces.push(piece) : onwards?.write(piece)));
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    const near = nodeClient((proxy.address() as net.AddressInfo).port, { ca, servername: "localhost" });
    const far = await nextAccepted(there);
    holds = true;
    near.write("a line in one record\n");
    await until(there.poller, () => pieces.length > 0);
    const record = Buffer.concat(pieces);
    onwards?.write(record.subarray(0, 20));
    const { bytesWritten = 0 } = onwards ?? {};
    await until(there.poller, () => onwards?.writableLength === 0 && onwards.bytesWritten === bytesWritten);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    let now = performance.now(); // from here on in frames that are not late, which would count for less
    const frames = (untilMs: number) => {
      for (; now < untilMs && far.state === "open"; now += 100) there.poller.poll(now);
    };
    const since = far.lastReceivedMs;
    frames(now + 1.5 * idleTimeoutMs);
    expect([far.state, far.lastReceivedMs >= since + idleTimeoutMs]).toEqual(["open", true]);
    frames(now + idleTimeoutMs);
    await until(there.poller, () => far.state === "closed");
    expect(far.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
    proxy.close();
  });

  test("ends a client that hears nothing more at its idle deadline, not at twice that", async () => {
    const idleTimeoutMs = 1_000;
    const there = await server(localhost);
    const poller = newPoller();
    const options = { host: "localhost", port: there.port, ca };
    const near = poller.connect(tls(options), lines(), { idleTimeoutMs });
    let far: Connection<string> | undefined;
    await until(there.poller, () => {
      poller.poll();
      return (far ??= there.listener.tryAccept()) !== undefined && near.state === "open";
    });
    far?.trySend("the last word");
    there.poller.flush();
    await until(poller, () => near.tryRecv() === "the last word");
    for (let now = performance.now(), end = now + 1.5 * idleTimeoutMs; now < end; now += 100)
      poller.poll(now);
    expect(near.state).not.toBe("open");
    await until(poller, () => near.state === "closed");
    expect(near.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
  });

  test("ends with the peer's own words when it refuses this side behind the handshake", async () => {
    const { poller, port } = await server({ ...localhost, ca, requestCert: true });
    const near = client(poller, port, { ca, allowHalfOpen: true });
    await until(poller, () => near.state === "closed");
    expect(near.closeReason).toMatchObject({
      kind: "handshake",
      code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    });
  });

  test("ends at once where the peer goes on in plain text, behind the handshake", async () => {
    const there = await server(localhost);
    const tcp = owned(net.connect(there.port, "127.0.0.1"));
    const secure = owned(nodeTls.connect({ socket: tcp, rejectUnauthorized: false }));
    await once(secure, "secureConnect");
    const far = await nextAccepted(there);
    tcp.write("and now for everybody");
    await until(there.poller, () => far.state === "closed");
    expect(far.closeReason).toMatchObject({
      kind: "protocol",
      message: "the peer sent what is no TLS record",
    });
    expect(far.closeReason?.code).toMatch(/^ERR_SSL_/);
  });

  test("says so when the server does not speak TLS", async () => {
    const plain = net.createServer((socket) => owned(socket).end("hello\n"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const poller = newPoller();
    const near = client(poller, (plain.address() as net.AddressInfo).port, { ca });
    await until(poller, () => near.state === "closed");
    expect(near.closeReason?.kind).toBe("handshake");
    plain.close();
  });

  test("ends handshakes under way when the listener closes", async () => {
    const { poller, listener, port } = await server(localhost);
    const silent = owned(net.connect(port, "127.0.0.1"));
    let isOver = false;
    silent.on("close", () => {
      isOver = true;
    });
    await new Promise((resolve) => silent.once("connect", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    listener.close();
    silent.resume();
    await until(poller, () => isOver);
  });
});

/** The same certificate with a thirteenth month in its dates. Its signature is not good any more. */
function withoutDates(pem: string): string {
  const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
  const utcTime = Buffer.of(0x17, 13);
  for (let at = -1; (at = der.indexOf(utcTime, at + 1)) !== -1; ) der.write("13", at + 4);
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
}
