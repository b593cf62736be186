/**
 * Reasons, and what a link knows of itself, as values of JSON and back. What JSON does not
 * carry is left out: of an error its name, message and code remain.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link } from "../../port/link.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";
import { isTooDeep } from "./json-depth.ts";

/** A reason, as it is recorded. */
export type ReasonValue = Omit<CloseReason, "cause"> & { readonly cause?: CauseValue };

/** What an error tells of itself, and what else it has, such as the system's code. */
interface CauseValue {
  readonly name: string;
  readonly message: string;
  readonly more?: object;
}

/** What is recorded of a link. */
export interface LinkValue {
  readonly local?: Address;
  readonly remote?: Address;
  readonly attempts?: readonly { readonly address: Address; readonly reason: ReasonValue }[];
  readonly security?: Link["security"];
  readonly protocol?: string;
  readonly request?: RequestValue;
  readonly halfOpen: boolean;
  /** Of a link that may lose its line: whether it had one when it came into being. */
  readonly linked?: boolean;
  /** The calls that not every link has. */
  readonly has?: readonly string[];
}

type RequestValue = Omit<UpgradeRequest, "query" | "cookies"> & {
  readonly query: string;
  readonly cookies: readonly (readonly [string, string])[];
};

/** `reason` as it is recorded. */
export function valueOfReason(reason: CloseReason): ReasonValue;
export function valueOfReason(reason: CloseReason | undefined): ReasonValue | undefined;
export function valueOfReason(reason: CloseReason | undefined): ReasonValue | undefined {
  if (reason === undefined || !("cause" in reason)) return reason as ReasonValue | undefined;
  const { cause, ...rest } = reason;
  return cause === undefined ? rest : { ...rest, cause: valueOfError(cause) };
}

/** The reason that was recorded. */
export function reasonOfValue(value: ReasonValue): CloseReason {
  return value.cause === undefined ? value : { ...value, cause: errorOfValue(value.cause) };
}

/** What is recorded of an error. */
export function valueOfError(error: unknown): CauseValue {
  const { name = "Error", message = String(error) } = (error ?? {}) as Partial<Error>;
  const more = carried(
    Object.fromEntries(Object.entries(error ?? {}).filter(([, value]) => !isBytes(value))),
  );
  return { name: String(name), message: String(message), ...(more !== undefined && { more }) };
}

/** An error like the one that was recorded. */
export function errorOfValue({ name, message, more }: CauseValue): Error {
  const error = new Error(message);
  // Not by assignment, which takes a part of the name `__proto__` for what its name says.
  for (const [key, value] of Object.entries(more ?? {})) {
    Object.defineProperty(error, key, { value, configurable: true, enumerable: true, writable: true });
  }
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  return error;
}

/** What is recorded of `link` now. */
export function valueOfLink(link: Link): LinkValue {
  const { localAddress, remoteAddress, security, protocol, request, failedAttempts } = link;
  return {
    ...(localAddress !== undefined && { local: localAddress }),
    ...(remoteAddress !== undefined && { remote: remoteAddress }),
    ...(failedAttempts !== undefined &&
      failedAttempts.length > 0 && { attempts: attemptsOf(failedAttempts) }),
    ...(security !== undefined && { security }),
    ...(protocol !== undefined && { protocol }),
    ...(request !== undefined && { request: valueOfRequest(request) }),
    halfOpen: link.allowHalfOpen,
  };
}

/** What a link of a replay shows. */
export interface LinkFacts {
  readonly localAddress: Address | undefined;
  readonly remoteAddress: Address | undefined;
  readonly failedAttempts: readonly FailedAttempt[] | undefined;
  readonly security: Link["security"];
  readonly protocol: string | undefined;
  readonly request: UpgradeRequest | undefined;
  readonly allowHalfOpen: boolean;
}

/** What was recorded of a link, as a link shows it. */
export function factsOfValue(value: LinkValue): LinkFacts {
  return {
    localAddress: value.local,
    remoteAddress: value.remote,
    failedAttempts: value.attempts?.map(({ address, reason }) => ({
      address,
      reason: reasonOfValue(reason),
    })),
    security: value.security && withHoles(value.security),
    protocol: value.protocol,
    request: value.request && requestOfValue(value.request),
    allowHalfOpen: value.halfOpen,
  };
}

function attemptsOf(attempts: readonly FailedAttempt[]): LinkValue["attempts"] & object {
  return attempts.map(({ address, reason }) => ({ address, reason: valueOfReason(reason) }));
}

function valueOfRequest(request: UpgradeRequest): RequestValue {
  const { url, path, query, headers, cookies, protocols, origin, remoteAddress, facts } = request;
  return {
    ...{ url, path, headers, protocols, origin, remoteAddress },
    query: String(query),
    cookies: [...cookies],
    facts: carried(facts),
  };
}

function requestOfValue(value: RequestValue): UpgradeRequest {
  return {
    ...value,
    headers: Object.freeze(Object.assign(Object.create(null), value.headers)), // inherits nothing, as a link's
    query: new URLSearchParams(value.query),
    cookies: new Map(value.cookies),
    origin: value.origin,
    remoteAddress: value.remoteAddress,
    facts: value.facts,
  };
}

/** JSON leaves out what is `undefined`, which a link shows. */
function withHoles(security: NonNullable<Link["security"]>): NonNullable<Link["security"]> {
  const { applicationProtocol, peerCertificate } = security;
  return { ...security, applicationProtocol, peerCertificate };
}

/** JSON has a number, and four bytes, for each byte: of a stranger's packet that Node's parser refused, for one. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** `value`, if JSON carries it. */
function carried<Value>(value: Value): Value | undefined {
  try {
    const text = JSON.stringify(value);
    return text === undefined || isTooDeep(new TextEncoder().encode(text)) ? undefined : value;
  } catch {
    return undefined;
  }
}
