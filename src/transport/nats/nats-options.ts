/**
 * The options of NATS: where its servers are, who this side is, and how soon a broker that
 * has gone is noticed and asked for again. Decides what each may be; none of them appears in
 * the sentence of a reason, as some are secrets.
 */
import {
  type Check,
  type Checks,
  checkOptions,
  isBoolean,
  isText,
  isWholeNumber,
  kindOf,
} from "../../check.ts";
import { problemOfSubject } from "../../port/subject.ts";

/** Options of `nats`. */
export interface NatsOptions {
  /**
   * The servers of one cluster, as `"nats://10.0.0.5:4222"` or `"10.0.0.5"`; a list is tried in
   * an order of its own, and one that begins with `tls://` requires TLS of all.
   * `"nats://127.0.0.1:4222"` by default.
   */
  readonly servers?: string | readonly string[];
  /**
   * The subject of this side, such as `"world.7"`: others send to it, and `listen` is found by
   * it. Without one a socket has an unused subject, which its messages carry.
   */
  readonly name?: string;
  /** Requires TLS; an object says whom to trust and who this side is. Without it, TLS is used where the server offers it. */
  readonly tls?: boolean | NatsTlsOptions;
  /** The name of a user of the server. */
  readonly user?: string;
  /** The user's password. */
  readonly password?: string;
  /** A token, which some servers ask for in the place of a user. */
  readonly token?: string;
  /** The path of a file with a user's JWT and seed, as `nsc` writes it. It is read again for each connection. */
  readonly credsFile?: string;
  /** The seed of an nkey, such as `"SUA…"`. */
  readonly nkeySeed?: string;
  /**
   * The bucket of JetStream in which leases are; `"tickwire-leases"` by default. It is made where there is none, in
   * files; make it yourself for more than one copy. All who claim the same leases name the same one.
   */
  readonly leases?: string;
  /** How long an attempt to connect may take, in milliseconds; 5,000 by default. */
  readonly connectTimeoutMs?: number;
  /** How often the broker is asked whether it is there, in milliseconds; 2,000 by default. */
  readonly pingIntervalMs?: number;
  /** How many of these may be unanswered before the broker counts as away; 2 by default. */
  readonly maxPingsOut?: number;
  /**
   * How long the peer of a stream may be silent before the stream closes, in milliseconds: after a
   * second it is asked for a sign of life. 5,000 by default.
   */
  readonly deadPeerMs?: number;
  /** Whether a side may go on sending after its peer has ended its stream; `false` by default. */
  readonly allowHalfOpen?: boolean;
  /** The longest wait between two attempts, in milliseconds: they begin at 250 and double. 2,000 by default. */
  readonly reconnectMs?: number;
}

/** Whom to trust, and who this side is; each a text in PEM. */
export interface NatsTlsOptions {
  /** The authorities to trust, instead of Node's own. */
  readonly ca?: string;
  /** This side's certificate, where the server asks for one. */
  readonly cert?: string;
  /** Its private key. */
  readonly key?: string;
  /** The name that the server has to prove, when it is not that in `servers`. */
  readonly servername?: string;
  /** Whether the server shakes hands before it says anything, as one with `handshake_first` does; `false` by default. */
  readonly handshakeFirst?: boolean;
}

/** The options, with those that have a default. */
export interface NatsSettings extends NatsOptions {
  readonly servers: readonly string[];
  readonly leases: string;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxPingsOut: number;
  readonly reconnectMs: number;
  readonly deadPeerMs: number;
  readonly allowHalfOpen: boolean;
}

/** The options with their defaults; throws when one is wrong. */
export function natsSettings(options: NatsOptions): NatsSettings {
  checkOptions(options, CHECKS);
  const { user, password, token, credsFile, nkeySeed } = options;
  const ways = [user, token, credsFile, nkeySeed].filter((way) => way !== undefined);
  if (ways.length > 1)
    throw new RangeError("options: only one of user, token, credsFile and nkeySeed can be used");
  if (password !== undefined && user === undefined) throw new RangeError("password: it needs a user");
  const {
    servers = "nats://127.0.0.1:4222",
    leases = "tickwire-leases",
    connectTimeoutMs = 5_000,
    pingIntervalMs = 2_000,
    maxPingsOut = 2,
    reconnectMs = 2_000,
    deadPeerMs = 5_000,
    allowHalfOpen = false,
  } = options;
  const list = typeof servers === "string" ? [servers] : [...servers];
  return {
    ...options,
    ...tlsOf(list, options),
    servers: list,
    leases,
    connectTimeoutMs,
    pingIntervalMs,
    maxPingsOut,
    reconnectMs,
    deadPeerMs,
    allowHalfOpen,
  };
}

/** The client ignores what stands before a server; a name and a password for `tls://` must not leave without it. */
function tlsOf(servers: readonly string[], { tls }: NatsOptions): Pick<NatsOptions, "tls"> {
  if (!servers.some((server) => server.startsWith("tls:"))) return {};
  if (tls === false) throw new RangeError("tls: false, and servers has one that begins with tls://");
  return { tls: tls ?? true };
}

/** A check that the value is a subject. */
export function isSubject(name: string, value: unknown): void {
  isText(name, value);
  const problem = problemOfSubject(value as string);
  if (problem !== undefined) throw new RangeError(`${name}: ${problem}`);
}

/** A check for one server or several. The text is not quoted, as it may have a password in it. */
function areServers(name: string, value: unknown): void {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new RangeError(`${name}: expected at least one server`);
  for (const server of list as unknown[]) {
    isTextUnquoted(name, server);
    if (!SERVER.test(server as string)) {
      throw new RangeError(
        `${name}: expected "nats://host:port"; a user and a password are options of their own`,
      );
    }
  }
}

/** A check for the name of a bucket. */
function isBucketName(name: string, value: unknown): void {
  isText(name, value);
  if (!/^[\w-]+$/.test(value as string))
    throw new RangeError(`${name}: expected letters, digits, - and _, got ${JSON.stringify(value)}`);
}

/** As `isText`, and says nothing of the text. */
function isTextUnquoted(name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${name}: expected a string, got ${kindOf(value)}`);
  if (value === "" || value.includes("\0"))
    throw new RangeError(`${name}: expected a string of at least one character, without NUL`);
}

const TLS_CHECKS: Checks<NatsTlsOptions> = {
  ca: isTextUnquoted,
  cert: isTextUnquoted,
  key: isTextUnquoted,
  servername: isText,
  handshakeFirst: isBoolean,
};

const isTls: Check = (name, value) => {
  if (typeof value !== "boolean") checkOptions(value, TLS_CHECKS, name);
};

/** Node fires a timer of more milliseconds at once. */
const MOST_MS = 2 ** 31 - 1;
const CHECKS: Checks<NatsOptions> = {
  servers: areServers,
  name: isSubject,
  tls: isTls,
  user: isTextUnquoted,
  password: isTextUnquoted,
  token: isTextUnquoted,
  credsFile: isTextUnquoted,
  nkeySeed: isTextUnquoted,
  leases: isBucketName,
  connectTimeoutMs: isWholeNumber(1, MOST_MS),
  pingIntervalMs: isWholeNumber(1, MOST_MS),
  maxPingsOut: isWholeNumber(1),
  reconnectMs: isWholeNumber(1, MOST_MS),
  deadPeerMs: isWholeNumber(2_000, MOST_MS),
  allowHalfOpen: isBoolean,
};

/** A host or an address, and a port, perhaps with what NATS writes before them. */
const SERVER = /^((nats|tls):\/\/)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/;
