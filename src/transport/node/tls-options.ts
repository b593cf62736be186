/**
 * The options of TLS: what each may be, and which of Node's options it becomes. The
 * WebSocket client takes some of them too. Opens nothing. Node's options:
 * https://nodejs.org/docs/latest-v20.x/api/tls.html
 */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  type CommonConnectionOptions,
  type ConnectionOptions,
  checkServerIdentity,
  type SecureContextOptions,
} from "node:tls";
import {
  type Checks,
  checkOptions,
  isBoolean,
  isOneOf,
  isPort,
  isText,
  isWholeNumber,
  kindOf,
} from "../../check.ts";
import {
  CREDENTIALS_CHECKS,
  type Credentials,
  checkCredentials,
  IDENTITY_CHECKS,
  type Identity,
  identityOptions,
  type Pem,
  pemOption,
} from "./credentials.ts";
import { asciiName, isHostName, isIdentityName } from "./host-names.ts";
import { TCP_CHECKS, type TcpOptions } from "./tcp.ts";

/** Options of `tls()`: the options of TCP, and Node's own names for the rest. */
export interface TlsOptions extends TcpOptions, Partial<Identity> {
  /**
   * The certificate authorities to trust, instead of Node's built-in list. When
   * listening, they are the ones whose members may come in: without `ca`, anybody
   * with a certificate for any name may.
   */
  readonly ca?: Pem;
  /** When listening: request a certificate from the peer (mutual TLS); `false` by default. */
  readonly requestCert?: boolean;
  /**
   * Reject a peer whose certificate no trusted authority has signed; `true` by
   * default, also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise. When listening
   * with `requestCert`, a peer without a certificate is rejected too.
   */
  readonly rejectUnauthorized?: boolean;
  /** When connecting: the name, or IP address, that the peer's certificate must have; `host` by default. */
  readonly servername?: string;
  /**
   * The application protocols that this side supports, in order of preference
   * (ALPN); 1 to 255 printable ASCII characters each, 16,384 with one more for
   * each. A peer that supports others only is rejected.
   */
  readonly ALPNProtocols?: readonly string[];
  /**
   * When listening: a certificate for each server name that a client may request
   * (SNI). `"*.example.org"` stands for all names with one more label, but for those
   * that have a certificate of their own. All other options apply to every name. A
   * client that requests another name, or none, gets `cert`.
   */
  readonly identities?: Readonly<Record<string, Identity>>;
  /** The oldest version to accept; `"TLSv1.2"` by default, as in Node. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /**
   * When listening: how long the handshake of an incoming connection may take,
   * in milliseconds; 5,000 by default. A later one is closed, and reported by a
   * `drop` event.
   */
  readonly handshakeTimeoutMs?: number;
}

/** The options that are TLS' own. */
type OwnOptions = Omit<TlsOptions, keyof TcpOptions>;
/** The parameters of a handshake. @internal */
export type NegotiationOptions = Pick<
  TlsOptions,
  "requestCert" | "rejectUnauthorized" | "servername" | "ALPNProtocols"
>;

/** The checks of the parameters of a handshake. @internal */
export const NEGOTIATION_CHECKS: Checks<NegotiationOptions> = {
  requestCert: isBoolean,
  rejectUnauthorized: isBoolean,
  servername: (name, value) => {
    isText(name, value);
    if (isIP(value as string) === 0) isHostName(name, value as string);
  },
  ALPNProtocols: areProtocols,
};

/** The checks of the options that TLS has beside TCP's. @internal */
export const TLS_CHECKS: Checks<OwnOptions> = {
  ...CREDENTIALS_CHECKS,
  ...NEGOTIATION_CHECKS,
  identities: areIdentities,
  minVersion: isOneOf(["TLSv1.2", "TLSv1.3"]),
  handshakeTimeoutMs: isWholeNumber(1, 2 ** 31 - 1), // beyond that, Node's timers fire at once
};

/** Checks the options, those of TCP too. */
export function checkTlsOptions(options: TlsOptions): void {
  checkOptions<TlsOptions>(options, { ...TCP_CHECKS, ...TLS_CHECKS });
  isPort("port", options.port); // the one that must be given
  checkCredentials(options);
}

/** The parameters of the handshake, as Node's options. @internal */
export function negotiationOptions(
  options: NegotiationOptions,
): CommonConnectionOptions & Pick<ConnectionOptions, "servername" | "checkServerIdentity"> {
  const { requestCert, rejectUnauthorized = true, servername, ALPNProtocols } = options;
  return {
    rejectUnauthorized,
    ...(requestCert !== undefined && { requestCert }),
    ...(servername !== undefined && serverIdentity(servername)),
    ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
  };
}

/** Keys, certificates and authorities, as Node's options. @internal */
export function secureContextOptions(
  options: Credentials & Pick<TlsOptions, "minVersion">,
): SecureContextOptions {
  const { ca, minVersion } = options;
  return {
    ...identityOptions(options),
    ...(ca !== undefined && { ca: pemOption(ca) }),
    ...(minVersion !== undefined && { minVersion }),
  };
}

/** An address is proved as a name is, but must not be requested (RFC 6066, 3). */
function serverIdentity(expected: string): Pick<ConnectionOptions, "servername" | "checkServerIdentity"> {
  if (isIP(expected) === 0) return { servername: asciiName(expected) };
  return {
    servername: "",
    checkServerIdentity: (_, certificate) => {
      // Node 22.23 finds no IPv6 address by itself.
      const isProved = new X509Certificate(certificate.raw).checkIP(expected) !== undefined;
      return isProved ? undefined : checkServerIdentity(expected, certificate);
    },
  };
}

function areProtocols(name: string, value: unknown): void {
  if (!Array.isArray(value))
    throw new TypeError(`${name}: expected an array of strings, got ${kindOf(value)}`);
  if (value.length === 0) throw new RangeError(`${name}: expected at least one protocol, got an empty array`);
  let sizeBytes = 0;
  for (const [index, protocol] of value.entries()) {
    isText(`${name}[${index}]`, protocol);
    if (!PROTOCOL.test(protocol)) {
      throw new RangeError(`${name}[${index}]: expected 1 to 255 printable ASCII characters`);
    }
    sizeBytes += 1 + protocol.length;
  }
  if (sizeBytes > PROTOCOLS_BYTES) {
    throw new RangeError(
      `${name}: expected ${PROTOCOLS_BYTES} bytes at most, with one for each, got ${sizeBytes}`,
    );
  }
}

function areIdentities(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name}: expected an object of certificates by name, got ${kindOf(value)}`);
  }
  const seen = new Set<string>();
  for (const [serverName, identity] of Object.entries(value)) {
    const fullName = `${name}.${serverName}`;
    isIdentityName(fullName, serverName);
    const ascii = asciiName(serverName);
    if (seen.has(ascii))
      throw new RangeError(`${fullName}: expected each name once; upper and lower case are the same`);
    seen.add(ascii);
    checkOptions(identity, IDENTITY_CHECKS, fullName);
    if (identity.cert === undefined)
      throw new TypeError(`${fullName}.cert: expected a certificate, got undefined`);
    checkCredentials(identity, `${fullName}.`);
  }
}

const PROTOCOL = /^[\x20-\x7e]{1,255}$/;
/** All extensions of a handshake share 65,535 bytes; beyond, OpenSSL fails as if by an internal error. */
const PROTOCOLS_BYTES = 16_384;
