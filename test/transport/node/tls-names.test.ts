/**
 * Certificates by the name that a client requests (SNI). Whatever name it requests,
 * every other option of the listener holds.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { Security, TlsOptions } from "../../../src/index.ts";
import { HostNameMap, requestedName } from "../../../src/transport/node/host-names.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "./certificates.ts";
import {
  client,
  type NodeClientOptions,
  nextAccepted,
  nodeClient,
  server,
  type TlsServer,
  until,
} from "./tls-rig.ts";

const { ca, folder, otherCa, localhost, example, wildcard, player, stranger } =
  certificates() ?? NO_CERTIFICATES;
const NAME = "example.test";
const atName = { ca, servername: NAME };

/** A listener with a certificate of its own for one name. */
function named(options: Partial<TlsOptions>): Promise<TlsServer> {
  return server({ ...localhost, identities: { [NAME]: example }, ...options });
}

describe("through a name, an option of the listener holds:", needs("openssl"), () => {
  test("ca and requestCert: its members come in, and are known", async () => {
    const there = await named({ ca, requestCert: true });
    client(there.poller, there.port, { ...atName, ...player });
    const far = await nextAccepted(there);
    expect(far.security).toMatchObject({ isAuthorized: true, peerCertificate: { commonName: "player one" } });
  });

  test("ca: nobody comes in by a certificate of an authority that Node trusts, and the listener does not", async () => {
    // Node reads the list of those at its start, so this needs a process.
    const program = join(import.meta.dirname, "public-authority.ts");
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "other-ca.crt") };
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program, folder], {
      env,
    });
    expect(JSON.parse(stdout)).toEqual({
      "player at localhost": "authorized",
      "player at localhost, where all may come in": "authorized",
      "player at example.test": "authorized",
      "player at example.test, where all may come in": "authorized",
      "stranger at localhost": "refused",
      "stranger at localhost, where all may come in": "not authorized",
      "stranger at example.test": "refused",
      "stranger at example.test, where all may come in": "not authorized",
    });
  });

  test("requestCert: nobody comes in without a certificate", async () => {
    const { poller, listener, drops, port } = await named({ ca, requestCert: true });
    const bare = client(poller, port, atName);
    await until(poller, () => bare.state === "closed" && drops.length === 1);
    expect(drops).toEqual(["handshake: the peer presented no certificate"]);
    expect(listener.tryAccept()).toBeUndefined();
  });

  test("rejectUnauthorized: false: a stranger comes in, and is known as one", async () => {
    const there = await named({ ca, requestCert: true, rejectUnauthorized: false });
    client(there.poller, there.port, { ...atName, ...stranger });
    expect((await nextAccepted(there)).security).toMatchObject({
      isAuthorized: false,
      peerCertificate: { commonName: "stranger", issuer: "other authority" },
    });
  });

  test("minVersion: an older client is refused, at that name too", async () => {
    const { poller, drops, port } = await named({ minVersion: "TLSv1.3" });
    const old = nodeClient(port, { ...atName, maxVersion: "TLSv1.2" });
    await until(poller, () => drops.length === 1 && old.destroyed);
    expect(drops).toEqual(["handshake: the two sides did not agree on encryption"]);
    const near = client(poller, port, atName);
    await until(poller, () => near.state === "open");
    expect(near.security?.protocol).toBe("TLSv1.3");
  });

  test("minVersion: the default takes TLS 1.2, and nothing older", async () => {
    const there = await named({});
    nodeClient(there.port, { ...atName, maxVersion: "TLSv1.2" });
    expect((await nextAccepted(there)).security?.protocol).toBe("TLSv1.2");
  });

  test("ALPNProtocols: the best that both have is chosen, and a client of none is refused", async () => {
    const { poller, drops, port } = await named({ ALPNProtocols: ["cube/2", "cube/1"] });
    const near = client(poller, port, { ...atName, ALPNProtocols: ["cube/1", "cube/2"] });
    await until(poller, () => near.state === "open");
    expect(near.security?.applicationProtocol).toBe("cube/2");
    const other = client(poller, port, { ...atName, ALPNProtocols: ["square/1"] });
    await until(poller, () => other.state === "closed" && drops.length === 1);
    expect(drops).toEqual(["handshake: the two sides did not agree on encryption"]);
  });

  test("passphrase: that of the listener opens its own key, and that of an identity its own", async () => {
    const { locked } = certificates() ?? NO_CERTIFICATES;
    const there = await server({ ...locked, identities: { [NAME]: example, "locked.test": locked } });
    expect(await certificateAt(there, NAME)).toBe(NAME);
    expect(await certificateAt(there, "locked.test")).toBe("localhost");
    expect(await certificateAt(there, "other.test")).toBe("localhost");
  });
});

describe("a listener with certificates by name", needs("openssl"), () => {
  test("shows the one for the name, in upper and lower case, before that of a pattern", async () => {
    const identities = { "*.Example.test": wildcard, "own.example.TEST": player, [NAME]: example };
    const there = await server({ ...localhost, identities });
    expect(await certificateAt(there, NAME)).toBe(NAME);
    expect(await certificateAt(there, "EXAMPLE.Test")).toBe(NAME);
    expect(await certificateAt(there, "any.example.test")).toBe("*.example.test");
    expect(await certificateAt(there, "ANY.example.test")).toBe("*.example.test");
    expect(await certificateAt(there, "own.example.test")).toBe("player one");
    expect(await certificateAt(there, "two.labels.example.test")).toBe("localhost");
    expect(await certificateAt(there, "elsewhere.test")).toBe("localhost");
    expect(await certificateAt(there, "")).toBe("localhost"); // no name at all
  });

  test("needs no other, and says so to one that requests none of its names", async () => {
    const there = await server({ identities: { [NAME]: example } });
    expect(await certificateAt(there, NAME)).toBe(NAME);
    for (const servername of ["", "elsewhere.test"]) {
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        there.drops.length = 0;
        nodeClient(there.port, { ca, servername, maxVersion });
        await until(there.poller, () => there.drops.length > 0);
        expect(there.drops).toEqual([
          "handshake: the peer requested no name that has a certificate in identities",
        ]);
      }
    }
  });

  test("is asked for the name of the host, where a client says no other", async () => {
    const { poller, port } = await server({ ...example, identities: { localhost } });
    const near = client(poller, port, { ca, host: "localhost" });
    await until(poller, () => near.state !== "connecting");
    expect(near.security?.peerCertificate?.commonName).toBe("localhost");
    const byAddress = client(poller, port, { ca, host: "127.0.0.1" });
    await until(poller, () => byAddress.state === "closed");
    expect(byAddress.closeReason?.code).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(["Localhost", "a.test.", "::1", "192.0.2.1", "", "a b"].map(requestedName)).toEqual([
      "localhost",
      "a.test",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("finds nothing under the names of what every object has", () => {
    const names = new HostNameMap([["*.example.test", "pattern"]]);
    for (const name of [
      "__proto__",
      "constructor",
      "hasOwnProperty",
      "",
      ".",
      "*",
      "*.example.test.",
      "example.test",
    ])
      expect(names.get(name)).toBeUndefined();
    expect(names.get("x.example.test")).toBe("pattern");
    expect(new HostNameMap([["b\u00fccher.test", 1]]).get("xn--bcher-kva.test")).toBe(1);
  });
});

describe.each(["TLSv1.3", "TLSv1.2"] as const)("a resumed session of %s", (version) => {
  const options = { ca, rejectUnauthorized: false, maxVersion: version };

  test("is of the same peer as before, also at another name", needs("openssl"), async () => {
    const there = await named({ ca, requestCert: true });
    const { session } = await visit(there, { ...options, ...player });
    const again = await visit(there, { ...options, ...player, session });
    expect(again).toMatchObject({
      security: { isAuthorized: true, peerCertificate: { commonName: "player one" } },
    });
    expect(again.isResumed).toBe(true);
    const elsewhere = await visit(there, { ...options, ...player, session, servername: NAME });
    expect(elsewhere.security).toMatchObject({
      isAuthorized: true,
      peerCertificate: { commonName: "player one" },
    });
    const { session: ofName } = await visit(there, { ...options, ...player, servername: NAME });
    const back = await visit(there, { ...options, ...player, session: ofName, servername: NAME });
    expect(back.security).toMatchObject({
      isAuthorized: true,
      peerCertificate: { commonName: "player one" },
    });
  });

  test("proves nothing that the first one has not", needs("openssl"), async () => {
    const there = await named({ ca, requestCert: true, rejectUnauthorized: false });
    const { session } = await visit(there, options);
    for (const servername of ["localhost", NAME]) {
      const again = await visit(there, { ...options, session, servername });
      expect(again.security).toMatchObject({ isAuthorized: false, peerCertificate: undefined });
    }
    const { session: strangers } = await visit(there, { ...options, ...stranger });
    const asStranger = await visit(there, { ...options, session: strangers });
    expect(asStranger.security).toMatchObject({ isAuthorized: false });
  });

  test("is worth nothing at another listener", needs("openssl"), async () => {
    const open = await named({ ca, requestCert: true, rejectUnauthorized: false });
    const { session } = await visit(open, { ...options, ...player });
    const strict = await named({ ca, requestCert: true });
    nodeClient(strict.port, { ...options, session });
    await until(strict.poller, () => strict.drops.length > 0);
    expect(strict.listener.stats.accepted).toBe(0);
  });
});

/** The common name that the listener shows to a client which requests `servername`. */
async function certificateAt({ poller, port }: TlsServer, servername: string): Promise<string> {
  const socket = nodeClient(port, { ca: [ca, otherCa], servername, rejectUnauthorized: false });
  let isOpen = false;
  socket.on("secureConnect", () => {
    isOpen = true;
  });
  await until(poller, () => isOpen);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

interface Visit {
  readonly security: Security | undefined;
  readonly isResumed: boolean;
  /** With which the same client may come again. */
  readonly session: Buffer;
}

/** A client of Node's comes, receives a session for the next time, and goes. */
async function visit(there: TlsServer, options: NodeClientOptions): Promise<Visit> {
  const socket = nodeClient(there.port, { servername: "localhost", ...options });
  let session: Buffer | undefined;
  socket.on("session", (given: Buffer) => {
    session = given;
  });
  const isResumed = new Promise<boolean>((resolve) => {
    socket.on("secureConnect", () => resolve(socket.isSessionReused()));
  });
  socket.resume();
  const { security } = await nextAccepted(there);
  const visited = { security, isResumed: await isResumed };
  await until(there.poller, () => session !== undefined || visited.isResumed);
  socket.destroy();
  return { ...visited, session: session ?? Buffer.alloc(0) };
}
