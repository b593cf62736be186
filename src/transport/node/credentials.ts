/**
 * Keys, certificates and authorities: what they may be, and whether they belong
 * together. Decides it when the options are given, as OpenSSL would either say it
 * without a name, or not at all: it takes an authority that is no certificate for
 * an empty list.
 *
 *     table of checks ──▶ each option for itself        checkCredentials ──▶ key, certificate and passphrase together
 *
 * Never puts a key or a passphrase into a message.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { type Check, type Checks, isText, kindOf } from "../../check.ts";
import { printable } from "../../port/printable.ts";

/** One or several texts or byte arrays in PEM form. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** A certificate and its private key. */
export interface Identity {
  /** The certificate, with the chain to its authority. */
  readonly cert: Pem;
  /** Its private key. */
  readonly key: Pem;
  /** The passphrase of the key, if it is encrypted; 1,024 bytes at most. */
  readonly passphrase?: string;
}

/** What a side shows of itself, and whom it trusts. */
export interface Credentials extends Partial<Identity> {
  readonly ca?: Pem;
}

/** The checks of the options of {@link Identity}, each for itself. @internal */
export const IDENTITY_CHECKS: Checks<Identity> = {
  cert: eachPiece(certificatesIn),
  key: eachPiece((name, text) => {
    if (!KEY.test(text))
      throw new RangeError(`${name}: expected a private key in PEM form, got ${whatIs(text)}`);
  }),
  passphrase: (name, value) => {
    isText(name, value);
    if (Buffer.byteLength(value as string) > PASSPHRASE_BYTES) {
      throw new RangeError(`${name}: expected ${PASSPHRASE_BYTES} bytes at most`);
    }
  },
};

/** The checks of the options of {@link Credentials}, each for itself. @internal */
export const CREDENTIALS_CHECKS: Checks<Credentials> = { ...IDENTITY_CHECKS, ca: eachPiece(certificatesIn) };

/**
 * Checks that the options, each valid for itself, belong together, and that OpenSSL
 * takes them.
 *
 * @param prefix the name of the options, with a dot, where they are part of others
 */
export function checkCredentials(options: Credentials, prefix: string = ""): void {
  const { cert, key, ca } = options;
  if (ca !== undefined) accept(`${prefix}ca`, { ca: pemOption(ca) });
  if (cert === undefined && key === undefined) return;
  if (cert === undefined)
    throw new TypeError(`${prefix}cert: expected the certificate of key, got undefined`);
  if (key === undefined) throw new TypeError(`${prefix}key: expected the private key of cert, got undefined`);
  const leaves = piecesOf(`${prefix}cert`, cert).map(([name, text]) => certificatesIn(name, text)[0]);
  const keys = piecesOf(`${prefix}key`, key).map((piece) => readKey(piece, options.passphrase, prefix));
  if (!keys.every((one) => leaves.some((leaf) => leaf?.checkPrivateKey(one)))) {
    throw new RangeError(
      `${prefix}key: expected the private key of the first certificate in cert, got another one`,
    );
  }
  if (!leaves.every((leaf) => keys.some((one) => leaf?.checkPrivateKey(one)))) {
    throw new RangeError(`${prefix}cert: expected certificates whose keys are in key, got one without`);
  }
  accept(`${prefix}cert`, identityOptions(options));
}

/** A certificate and its key as Node's options. The passphrase belongs to that key alone. @internal */
export function identityOptions({ cert, key, passphrase }: Partial<Identity>): SecureContextOptions {
  return {
    ...(cert !== undefined && { cert: pemOption(cert) }),
    ...(key !== undefined && { key: pemOption(key) }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** PEM as Node's option. A copy, so that later changes of the bytes change nothing. @internal */
export function pemOption(given: Pem): string[] {
  return piecesOf("", given).map(([, text]) => text);
}

/** A check of texts or byte arrays, one or several, each by `check`. */
function eachPiece(check: (name: string, text: string) => unknown): Check {
  return (name, value) => {
    for (const [pieceName, text] of piecesOf(name, value)) check(pieceName, text);
  };
}

/** The pieces of PEM with their names; `[1]` behind the name where it is an array. */
function piecesOf(name: string, value: unknown): [name: string, text: string][] {
  if (typeof value === "string") return [[name, value]];
  if (value instanceof Uint8Array) return [[name, Buffer.from(value).toString("latin1")]];
  if (!Array.isArray(value)) {
    throw new TypeError(
      `${name}: expected a string or bytes in PEM form, or an array of them, got ${kindOf(value)}`,
    );
  }
  if (value.length === 0)
    throw new RangeError(`${name}: expected at least one in PEM form, got an empty array`);
  return value.flatMap((one, index) => {
    if (Array.isArray(one))
      throw new TypeError(`${name}[${index}]: expected a string or bytes, got an array`);
    return piecesOf(`${name}[${index}]`, one);
  });
}

/** The certificates in a text, of which there must be one at least, and none that cannot be read. */
function certificatesIn(name: string, text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  const isWhole = blocks.length === (text.match(CERTIFICATE_BEGIN) ?? []).length;
  if (blocks.length === 0 || !isWhole) {
    const got = isWhole ? whatIs(text) : "one without an end";
    throw new RangeError(`${name}: expected a certificate in PEM form, got ${got}`);
  }
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new RangeError(`${name}: expected a certificate in PEM form, got one that ${unreadable(cause)}`, {
        cause,
      });
    }
  });
}

function readKey([name, text]: [string, string], passphrase: string | undefined, prefix: string): KeyObject {
  const isLocked = LOCKED.test(text);
  if (isLocked && passphrase === undefined) {
    throw new TypeError(
      `${prefix}passphrase: expected the passphrase of key, which is encrypted, got undefined`,
    );
  }
  try {
    return createPrivateKey({ key: text, format: "pem", ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    const message = isLocked
      ? `${prefix}passphrase: expected the passphrase of key, got one with which key ${unreadable(cause)}`
      : `${name}: expected a private key in PEM form, got one that ${unreadable(cause)}`;
    throw new RangeError(message, { cause });
  }
}

/** Throws, with the name of the option, what OpenSSL has against it: too short a key, a digest that is no longer good. */
function accept(name: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new RangeError(`${name}: OpenSSL does not accept it: it ${unreadable(cause)}`, { cause });
  }
}

/** What a text is that is not what was expected, in words that give none of it away. */
function whatIs(text: string): string {
  if (text === "") return "an empty text";
  if (KEY.test(text)) return "a private key";
  if (text.match(CERTIFICATE) !== null) return "a certificate";
  return "text without one; a path is not followed";
}

function unreadable(cause: unknown): string {
  const { reason, message } = cause as Error & { readonly reason?: string };
  return `cannot be read (${printable(reason ?? message)})`;
}

const CERTIFICATE = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----/gs;
const CERTIFICATE_BEGIN = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;
const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
/** The capacity of OpenSSL's buffer for a passphrase, behind which Node would cut it. */
const PASSPHRASE_BYTES = 1_024;
