/**
 * Brokers that want to know who comes, or prove who they are: TLS with certificates, a user, a token, an
 * nkey, a file of credentials; each with right values and with wrong ones, of which no reason says anything.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { lines, Poller, subject } from "../../../src/index.ts";
import { type NatsOptions, nats } from "../../../src/nats.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "../node/certificates.ts";
import { until } from "../poll-until.ts";
import { Broker } from "./broker.ts";

const ends: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of ends.splice(0).reverse()) await one[Symbol.asyncDispose]();
});
const folder = mkdtempSync(join(tmpdir(), "tickwire-secured-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function started(config: string): Promise<Broker> {
  const broker = await Broker.start({ config });
  ends.push(broker);
  return broker;
}

/** What becomes of a socket with these options: why it closed, or `"open"` once a message has come back to it. */
async function outcome(options: NatsOptions) {
  const poller = new Poller();
  ends.push(poller);
  const socket = poller.bind(nats({ name: "me", connectTimeoutMs: 5_000, ...options }), lines());
  socket.trySendTo("myself", subject("me"));
  let isThere = false;
  await until(poller, () => {
    isThere ||= socket.tryRecv() === "myself";
    return isThere || socket.state === "closed";
  });
  const shown = inspect([socket.closeReason, socket.lastFailure], { depth: 9, showHidden: true });
  for (const secret of [options.password, options.token, options.nkeySeed, SECRET])
    if (secret !== undefined) expect(shown).not.toContain(secret);
  return isThere ? "open" : socket.closeReason;
}

const SECRET = "hunter2-is-no-secret";

describe("a broker with a certificate", needs("nats-server", "openssl"), () => {
  const { folder: files, ca, otherCa, player, stranger, localhost } = certificates() ?? NO_CERTIFICATES;
  const secured = (more = "") =>
    started(`tls { cert_file: "${files}/localhost.crt", key_file: "${files}/localhost.key", ${more} }`);

  test("is trusted by its authority and its name, and by nothing else", async () => {
    const { port } = await secured();
    const servers = `localhost:${port}`;
    expect(await outcome({ servers, tls: { ca } })).toBe("open");
    expect(await outcome({ servers: `tls://localhost:${port}`, tls: { ca } })).toBe("open");
    for (const tls of [{ ca: otherCa }, true, { ca, servername: "other.example" }, undefined]) {
      const reason = await outcome({
        servers,
        user: "ann",
        password: SECRET,
        ...(tls !== undefined && { tls }),
      });
      expect(reason, JSON.stringify(tls)?.slice(0, 60)).toMatchObject({ kind: "handshake" });
    }
    expect(await outcome({ servers: `tls://localhost:${port}` })).toMatchObject({ kind: "handshake" });
  });

  test("that asks for one lets in who has it", async () => {
    const { port } = await secured(`ca_file: "${files}/ca.crt", verify: true`);
    const servers = `localhost:${port}`;
    expect(
      await outcome({ servers, tls: { ca, cert: player.cert as string, key: player.key as string } }),
    ).toBe("open");
    const wrong = { ca, cert: stranger.cert as string, key: stranger.key as string };
    for (const tls of [{ ca }, wrong]) {
      const poller = new Poller();
      ends.push(poller);
      const socket = poller.bind(nats({ servers, tls, reconnectMs: 50 }), lines());
      await until(poller, () => socket.lastFailure !== undefined || socket.state === "closed");
      expect(socket.state).not.toBe("open");
    }
  });

  test("is not asked with a certificate or a key that is none: a reason, without the key", async () => {
    const { port } = await secured();
    const { cert, key } = { cert: localhost.cert as string, key: localhost.key as string };
    for (const [tls, code] of [
      [{ ca, cert, key: SECRET }, "tls.key"],
      [{ ca, cert, key: player.key as string }, "tls.key"],
      [{ ca, cert: SECRET, key }, "tls.cert"],
    ] as const)
      expect(await outcome({ servers: `localhost:${port}`, tls })).toMatchObject({ kind: "handshake", code });
  });
});

describe("a broker that asks who comes", needs("nats-server"), () => {
  test("knows a user by a password", async () => {
    const { url } = await started(`authorization { users: [{ user: "ann", password: "${SECRET}" }] }`);
    expect(await outcome({ servers: url, user: "ann", password: SECRET })).toBe("open");
    const wrong = [
      { user: "ann", password: "wrong-word" },
      { user: "bob", password: SECRET },
      { user: "ann" },
      {},
    ];
    for (const options of wrong)
      expect(await outcome({ servers: url, ...options })).toMatchObject({
        kind: "denied",
        code: "authorization",
      });
  });

  test("knows a token", async () => {
    const { url } = await started(`authorization { token: "${SECRET}" }`);
    expect(await outcome({ servers: url, token: SECRET })).toBe("open");
    for (const options of [{ token: "wrong-word" }, { user: SECRET }, {}])
      expect(await outcome({ servers: url, ...options })).toMatchObject({ kind: "denied" });
  });

  test("knows an nkey", async () => {
    const [user, other] = [newKeys("createUser"), newKeys("createUser")];
    const { url } = await started(`authorization { users: [{ nkey: "${user.publicKey}" }] }`);
    expect(await outcome({ servers: url, nkeySeed: user.seed })).toBe("open");
    expect(await outcome({ servers: url, nkeySeed: other.seed })).toMatchObject({ kind: "denied" });
    for (const nkeySeed of [SECRET, user.seed.slice(0, -1), user.publicKey])
      expect(await outcome({ servers: url, nkeySeed })).toMatchObject({ kind: "denied", code: "nkeySeed" });
  });

  test("knows a file of credentials, which is read again for each connection", async () => {
    const [operator, account, user, other] = [
      newKeys("createOperator"),
      newKeys("createAccount"),
      newKeys("createUser"),
      newKeys("createUser"),
    ];
    const operatorJwt = jwtOf(operator, operator, { type: "operator", version: 2 });
    const accountJwt = jwtOf(account, operator, { type: "account", version: 2, limits: NO_LIMITS });
    const userJwt = jwtOf(user, account, { type: "user", version: 2, ...NO_LIMITS });
    const { url } = await started(
      `operator: "${operatorJwt}"\nresolver: MEMORY\nresolver_preload: { ${account.publicKey}: "${accountJwt}" }`,
    );
    const file = join(folder, "ann.creds");
    const write = (seed: string, jwt = userJwt) => writeFileSync(file, credentials(jwt, seed));
    write(user.seed);
    expect(await outcome({ servers: url, credsFile: file })).toBe("open");
    write(other.seed); // the signature is somebody else's
    expect(await outcome({ servers: url, credsFile: file })).toMatchObject({
      kind: "denied",
      code: "authorization",
    });
    write(user.seed, jwtOf(user, other, { type: "user", version: 2, ...NO_LIMITS }));
    expect(await outcome({ servers: url, credsFile: file })).toMatchObject({
      kind: "denied",
      code: "authorization",
    });
    write(SECRET);
    expect(await outcome({ servers: url, credsFile: file })).toMatchObject({
      kind: "denied",
      code: "credsFile",
    });
    expect(await outcome({ servers: url, credsFile: folder })).toMatchObject({
      kind: "failed",
      code: "EISDIR",
    });
  });
});

interface Keys {
  readonly publicKey: string;
  readonly seed: string;
  sign(bytes: Uint8Array): Uint8Array;
}

function newKeys(create: "createOperator" | "createAccount" | "createUser"): Keys {
  const { nkeys } = createRequire(import.meta.url)("@nats-io/transport-node");
  const pair = nkeys[create]();
  return {
    publicKey: pair.getPublicKey(),
    seed: new TextDecoder().decode(pair.getSeed()),
    sign: (bytes) => pair.sign(bytes),
  };
}

/** What `issuer` says of `subject`, as brokers of NATS read it. */
function jwtOf(subject: Keys, issuer: Keys, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = {
    jti: "x",
    iat: 1_700_000_000,
    iss: issuer.publicKey,
    name: "x",
    sub: subject.publicKey,
    nats: claims,
  };
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(body)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}

/** A file as `nsc` writes it. */
function credentials(jwt: string, seed: string): string {
  const part = (what: string, text: string) =>
    `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n\n`;
  return `${part("NATS USER JWT", jwt)}${part("USER NKEY SEED", seed)}`;
}

const NO_LIMITS = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};
