/**
 * DNS: resolves a host to its addresses, by the system's resolver, and a
 * service to its port. Node gives no access to the system's table of services,
 * so this reads the file of that table where there is one. Decides nothing
 * about which address to try.
 */
import { lookup } from "node:dns";
import { readFile } from "node:fs";
import { type Checks, checkOptions, isOneOf, isPort, isText, kindOf } from "../../check.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { NameAnswer, NameQuery } from "../../port/name-query.ts";
import { reasonOf } from "./error-codes.ts";

/** Options of {@link dns}. */
export interface DnsOptions {
  /** The name of a host, or a numeric address. */
  readonly host: string;
  /** Return addresses of this family only; both families by default. */
  readonly family?: "IPv4" | "IPv6";
  /** The port, as a number or as the name of a service, such as `"http"`; 0 by default. */
  readonly service?: string | number;
}

/**
 * A query for the addresses of a name, for `poller.lookup`. Resolves nothing
 * until it is asked. The system's resolver answers it (getaddrinfo(3)), in the
 * order of RFC 6724.
 *
 * @throws TypeError when an option has the wrong type or is unknown, or `family` is not one of the two
 * @throws RangeError when `host` or `service` is empty or has a NUL in it, or `service` is a number but not a port
 */
export function dns(options: DnsOptions): NameQuery {
  checkOptions(options, CHECKS);
  const { host, service = 0, family } = options;
  isText("host", host);
  const families = { IPv4: 4, IPv6: 6 } as const;
  const lookupOptions = { all: true, family: family === undefined ? 0 : families[family] } as const;
  return {
    ask: (answer) =>
      orFail(answer, () => {
        lookup(host, lookupOptions, (error, found) => {
          if (error !== null) answer.failed(reasonOf(error));
          else withPort(service, answer, (port) => answer.found(found.map((one) => addressOf(one, port))));
        });
      }),
  };
}

/** Does a step whose calls may throw, also in a callback where nobody could catch it. */
function orFail(answer: NameAnswer, step: () => void): void {
  try {
    step();
  } catch (error) {
    answer.failed(reasonOf(error as Error));
  }
}

function addressOf(found: { readonly address: string; readonly family: number }, port: number): Address {
  return { family: found.family === 6 ? "IPv6" : "IPv4", host: found.address, port };
}

function withPort(service: string | number, answer: NameAnswer, use: (port: number) => void): void {
  const known = typeof service === "number" ? service : (numberIn(service) ?? COMMON.get(service));
  if (known !== undefined) {
    use(known);
    return;
  }
  orFail(answer, () => {
    readFile(SERVICES_FILE, "utf8", (_, text = "") => {
      const port = portIn(text, String(service));
      if (port === undefined) answer.failed(unknownService(String(service)));
      else use(port);
    });
  });
}

function numberIn(service: string): number | undefined {
  return /^\d+$/.test(service) && Number(service) <= MAX_PORT ? Number(service) : undefined;
}

/** The port of a service in a file of lines `name port/protocol alias… # comment` (services(5)). */
function portIn(text: string, service: string): number | undefined {
  for (const line of text.split("\n")) {
    const [name, portAndProtocol, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (name === service || aliases.includes(service))
      return Number.parseInt(portAndProtocol ?? "", 10) || undefined;
  }
  return undefined;
}

function unknownService(service: string): CloseReason {
  return { kind: "unknown-host", message: `this machine knows no service named ${JSON.stringify(service)}` };
}

const CHECKS: Checks<DnsOptions> = {
  host: isText,
  family: isOneOf(["IPv4", "IPv6"]),
  service(name, value) {
    if (typeof value === "number") isPort(name, value);
    else if (typeof value === "string") isText(name, value);
    else throw new TypeError(`${name}: expected a name or a number, got ${kindOf(value)}`);
  },
};

const MAX_PORT = 65_535;

/** Well-known services, for machines without a table of services. A map, as the names are from elsewhere. */
const COMMON: ReadonlyMap<string, number> = new Map([
  ["echo", 7],
  ["ssh", 22],
  ["telnet", 23],
  ["smtp", 25],
  ["domain", 53],
  ["http", 80],
  ["ntp", 123],
  ["https", 443],
]);

const SERVICES_FILE =
  process.platform === "win32" ? "C:\\Windows\\System32\\drivers\\etc\\services" : "/etc/services";
