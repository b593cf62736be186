/** How a certificate is presented, whatever its subject has been called. */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { reasonOf } from "../../../src/transport/node/error-codes.ts";
import { securityOf } from "../../../src/transport/node/security-of.ts";
import { needs } from "../../machine.ts";

describe("the common name of a certificate", needs("openssl"), () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-names-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    [
      "is as it was written, with what a list of names would escape",
      '/CN=Smith, John "J" \\\\ \\+ #1;<b>',
      'Smith, John "J" \\ + #1;<b>',
    ],
    ["is in any script", "/CN=Zoë 漢字", "Zoë 漢字"],
    ["is one line to a game that compares, also with a line break in it", "/CN=a\nCN=admin", "a\nCN=admin"],
    ["keeps its control characters, which are data", "/CN=a\u001b[31m", "a\u001b[31m"],
    ["is only itself beside other parts of the same name", "/OU=y+CN=x+L=z", "x"],
    ["is not what another part pretends", "/OU=me \\+ CN=admin", ""],
    ["is the first of several", "/CN=one/CN=two", "one"],
    ["keeps spaces and signs at its ends", "/CN=# a ", "# a "],
    ["is empty where there is none", "/O=only", ""],
  ])("%s", (_, subject, commonName) => {
    const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const out = ["-keyout", "x.key", "-out", "x.crt", "-utf8", "-multivalue-rdn", "-subj", subject];
    execFileSync("openssl", ["req", "-x509", ...options, ...out], { cwd: folder, stdio: "pipe" });
    const certificate = new X509Certificate(readFileSync(join(folder, "x.crt")));
    const { peerCertificate } = securityOf(socketWith({ getPeerX509Certificate: () => certificate }));
    expect(peerCertificate).toMatchObject({ commonName, issuer: commonName });
  });
});

test("nobody is authorized who has shown no certificate", () => {
  expect(securityOf(socketWith({ authorized: true }))).toMatchObject({ isAuthorized: false });
});

test("a certificate with dates that are none, and without names, is presented as it is", () => {
  const certificate = {
    subject: undefined,
    issuer: "",
    validFrom: "Bad time value",
    validTo: "Jan  1 00:00:00 2030 GMT",
  };
  const { peerCertificate } = securityOf(
    socketWith({ getPeerX509Certificate: () => certificate, authorized: true }),
  );
  expect(peerCertificate).toMatchObject({
    commonName: "",
    altNames: "",
    issuer: "",
    validFrom: "Bad time value",
    validTo: "2030-01-01T00:00:00.000Z",
  });
});

test.each(["subject", "issuer", "subjectAltName", "validFrom", "validTo", "fingerprint256"])(
  "a certificate whose %s cannot be read is an error with a code, of kind handshake",
  (field) => {
    const certificate = Object.defineProperty({}, field, {
      get() {
        throw new Error("asn1 \u001b[2J");
      },
    });
    const socket = socketWith({ getPeerX509Certificate: () => certificate });
    let thrown: unknown;
    try {
      securityOf(socket);
    } catch (error) {
      thrown = error;
    }
    expect(reasonOf(thrown as Error)).toMatchObject({
      kind: "handshake",
      code: "ERR_TLS_UNREADABLE",
      message: "what the peer's certificate says cannot be read (asn1 \uFFFD[2J)",
    });
  },
);

test.each([
  ["getCipher", { getCipher: () => undefined }],
  ["getPeerX509Certificate", { getPeerX509Certificate: undefined }],
])("a closed socket, of which %s is gone, is an error with that code", (_, parts) => {
  expect(() => securityOf(socketWith(parts))).toThrow(
    expect.objectContaining({ code: "ERR_TLS_UNREADABLE" }),
  );
});

/** What securityOf reads of a socket. */
function socketWith(parts: object): Socket {
  return {
    getPeerX509Certificate: () => undefined,
    getProtocol: () => "TLSv1.3",
    getCipher: () => ({ standardName: "TLS_AES_256_GCM_SHA384" }),
    alpnProtocol: false,
    authorized: false,
    ...parts,
  } as unknown as Socket;
}
