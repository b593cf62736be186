import { expect, test } from "vitest";
import { reasonOf } from "../../../src/transport/node/error-codes.ts";

test("what a peer has written into its certificate is shown without control characters", () => {
  const names = "is not in the cert's altnames: DNS:\u001b[2Jevil\u202e";
  const error = Object.assign(new Error(`first line\nsecond`), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    reason: names,
  });
  expect(reasonOf(error)).toEqual({
    kind: "handshake",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    message:
      "the peer's certificate is for another name (is not in the cert's altnames: DNS:\uFFFD[2Jevil\uFFFD)",
    cause: error,
  });
});

test("a thousand names in a certificate do not fill the log", () => {
  const reason = "DNS:host.example, ".repeat(1_000);
  const error = Object.assign(new Error("it failed"), { code: "ERR_TLS_CERT_ALTNAME_INVALID", reason });
  expect(reasonOf(error).message.length).toBeLessThan(400);
});

test("an error without a code is shown the same way", () => {
  expect(reasonOf(new Error("bad \u001b[31m\nat line 2")).message).toBe("bad \uFFFD[31m");
});
