/**
 * Names of hosts as TLS carries them: in ASCII, without a dot at the end, and the
 * same in upper and lower case (RFC 6066, 3). Finds what a listener has for the name
 * that a client requests. Resolves nothing.
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** What belongs to names and to `*.` patterns of names. */
export class HostNameMap<Value> {
  readonly #byName: ReadonlyMap<string, Value>;

  constructor(entries: Iterable<readonly [name: string, Value]>) {
    this.#byName = new Map([...entries].map(([name, value]) => [asciiName(name), value]));
  }

  /** What belongs to `name`, or else to the pattern that it falls under; `undefined` is no error. */
  get(name: string): Value | undefined {
    const hostName = name.toLowerCase();
    const own = this.#byName.get(hostName);
    if (own !== undefined) return own;
    const dot = hostName.indexOf(".");
    return dot <= 0 ? undefined : this.#byName.get(`*${hostName.slice(dot)}`);
  }
}

/** A name as a client requests it. */
export function asciiName(name: string): string {
  const lower = name.toLowerCase();
  return ASCII.test(lower) ? lower : domainToASCII(lower);
}

/** The name under which a host is requested; `undefined` for an address, which must not be. */
export function requestedName(host: string): string | undefined {
  const name = asciiName(host.replace(/\.$/, ""));
  return isRequestable(name) ? name : undefined;
}

/** A check that the value can be requested as a name. */
export function isHostName(name: string, value: string): void {
  if (isIP(value) !== 0) throw new RangeError(`${name}: expected a host name, got an IP address`);
  if (!isRequestable(asciiName(value))) {
    throw new RangeError(
      `${name}: expected a host name such as play.example.org, got ${JSON.stringify(value)}`,
    );
  }
}

/** A check that the value can be requested as a name, or is a pattern of such names. */
export function isIdentityName(name: string, hostName: string): void {
  isHostName(name, hostName.startsWith("*.") ? hostName.slice(2) : hostName);
}

function isRequestable(name: string): boolean {
  return (
    isIP(name) === 0 && name.length <= NAME_CHARACTERS && name.split(".").every((label) => LABEL.test(label))
  );
}

const ASCII = /^\p{ASCII}*$/u;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** RFC 1035, 2.3.4. */
const NAME_CHARACTERS = 253;
