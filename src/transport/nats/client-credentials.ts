/**
 * Who this side is to a broker, of what the options say: looked at before an attempt, as the
 * client and OpenSSL would find out in the midst of each that it is none, and may quote it.
 *
 *     options, file ──▶ certificate, authenticator ──▶ client
 *                 └──▶ SetupError: a reason without the secret
 */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { CloseReason } from "../../port/close-reason.ts";
import { plainView } from "../node/plain-bytes.ts";
import type { NatsSettings, NatsTlsOptions } from "./nats-options.ts";

/** Whether OpenSSL can read what this side has; an attempt would fail by a code of its own, again and again. */
export function checkTls({ ca, cert, key }: NatsTlsOptions): void {
  for (const [name, value] of Object.entries({ ca, cert, key })) {
    try {
      if (value !== undefined) createSecureContext({ [name]: value });
    } catch {
      // What OpenSSL says of it is no help, and a key is a secret.
      throw new SetupError({
        kind: "handshake",
        code: `tls.${name}`,
        message: `tls.${name}: this is none in PEM`,
      });
    }
  }
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new SetupError({
      kind: "handshake",
      code: "tls.key",
      message: "tls.key: it is not that of tls.cert",
    });
  }
}

/** What signs the server's question; `undefined` where a user or a token says enough. */
export async function authenticatorOf(
  nats: AuthenticatorMakers,
  { credsFile, nkeySeed }: NatsSettings,
): Promise<Authenticator | undefined> {
  if (credsFile === undefined && nkeySeed === undefined) return undefined;
  const creds = credsFile === undefined ? undefined : await credentialsIn(credsFile);
  try {
    const authenticator =
      creds === undefined
        ? nats.nkeyAuthenticator(new TextEncoder().encode(nkeySeed))
        : nats.credsAuthenticator(creds);
    authenticator("a question"); // the client would learn only in the midst of connecting that it cannot
    return authenticator;
  } catch {
    // What the client says of it may quote it.
    const which = creds === undefined ? "nkeySeed" : "credsFile";
    throw new SetupError({ kind: "denied", code: which, message: `${which}: this is none` });
  }
}

async function credentialsIn(path: string): Promise<Uint8Array> {
  try {
    return plainView(await readFile(path));
  } catch (cause) {
    const { code = "failed" } = cause as { readonly code?: string };
    throw new SetupError({ kind: "failed", code, message: `credsFile: it cannot be read (${code})`, cause });
  }
}

/** What is missing for any attempt. */
export class SetupError extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason) {
    super(reason.message);
    this.reason = reason;
  }
}

/** What is used of the client's package for that. */
export interface AuthenticatorMakers {
  credsAuthenticator(creds: Uint8Array): Authenticator;
  nkeyAuthenticator(seed: Uint8Array): Authenticator;
}

/** What signs a server's question. */
export type Authenticator = (nonce: string) => unknown;
