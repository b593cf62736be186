/**
 * Certificates for tests, made by the machine's `openssl` when they are needed,
 * so that none is checked in and none runs out.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Identity } from "../../../src/index.ts";
import { lack } from "../../machine.ts";

/** An authority and what it has signed. */
export interface Certificates {
  /** The folder that has them as files: `ca.crt`, `localhost.crt`, `localhost.key`, … */
  readonly folder: string;
  readonly ca: string;
  /** For `localhost` and the loopback addresses. */
  readonly localhost: Identity;
  /** For `example.test` alone. */
  readonly example: Identity;
  /** For `localhost`, until yesterday. */
  readonly expired: Identity;
  /** A player's, for mutual TLS. */
  readonly player: Identity;
  /** For `localhost`, signed by itself. */
  readonly selfSigned: Identity;
  /** For all of `*.example.test`. */
  readonly wildcard: Identity;
  /** The same as `localhost`, with a key that its passphrase opens. */
  readonly locked: Required<Identity>;
  /** An authority that has nothing to do with `ca`, such as a public one. */
  readonly otherCa: string;
  /** Somebody's, signed by `otherCa`. */
  readonly stranger: Identity;
}

let made: Certificates | undefined;

/** The certificates, or `undefined` where there is no `openssl`. */
export function certificates(): Certificates | undefined {
  return (made ??= lack("openssl") === undefined ? make() : undefined);
}

const NOBODY: Identity = { cert: "", key: "" };

/** In the place of certificates, where the tests that use them are left out. */
export const NO_CERTIFICATES: Certificates = {
  folder: "",
  ca: "",
  localhost: NOBODY,
  example: NOBODY,
  expired: NOBODY,
  player: NOBODY,
  selfSigned: NOBODY,
  wildcard: NOBODY,
  locked: { ...NOBODY, passphrase: "" },
  otherCa: "",
  stranger: NOBODY,
};

function make(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-tls-"));
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const read = (name: string): Identity => ({
    cert: readFileSync(join(folder, `${name}.crt`), "utf8"),
    key: readFileSync(join(folder, `${name}.key`), "utf8"),
  });
  const sign = (name: string, commonName: string, altNames: string, days = "2", by = "ca"): Identity => {
    const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${commonName}`];
    run("req", ...newKey, ...request);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${altNames}\n`);
    const signed = ["-CA", `${by}.crt`, "-CAkey", `${by}.key`, "-CAcreateserial", "-extfile", `${name}.ext`];
    run("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, "-days", days, ...signed);
    return read(name);
  };
  const selfSign = (name: string, subject: string, ...more: string[]): Identity => {
    const out = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-days", "2", "-subj", subject];
    run("req", "-x509", ...newKey, ...out, ...more);
    return read(name);
  };
  const ca = selfSign("ca", "/CN=test authority").cert as string;
  const otherCa = selfSign("other-ca", "/CN=other authority").cert as string;
  const local = "DNS:localhost,IP:127.0.0.1,IP:::1";
  const localhost = sign("localhost", "localhost", local);
  const passphrase = "open sesame";
  const locks = ["-aes128", "-passout", `pass:${passphrase}`];
  run("ec", "-in", "localhost.key", "-out", "locked.key", ...locks);
  return {
    folder,
    ca,
    localhost,
    example: sign("example", "example.test", "DNS:example.test"),
    expired: sign("expired", "localhost", local, "-1"),
    player: sign("player", "player one", "DNS:player.test"),
    selfSigned: selfSign("self", "/CN=localhost", "-addext", `subjectAltName=${local}`),
    wildcard: sign("wildcard", "*.example.test", "DNS:*.example.test"),
    locked: { cert: localhost.cert, key: readFileSync(join(folder, "locked.key"), "utf8"), passphrase },
    otherCa,
    stranger: sign("stranger", "stranger", "DNS:stranger.test", "2", "other-ca"),
  };
}
