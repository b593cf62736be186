/**
 * What crosses to another thread: the kind of a transport and its options, which must be
 * data. Decides it at the call, and names the option that is none.
 */
import { isProxy } from "node:util/types";
import { kindOf } from "../../check.ts";
import type { Blueprint, Transport } from "../../port/transport.ts";

/**
 * A copy of the blueprint of a transport.
 *
 * @throws TypeError when the transport has none, or an option cannot cross
 */
export function crossingBlueprint(transport: Transport): Blueprint {
  const { blueprint, listen, connect, bind } = (transport ?? {}) as Transport;
  if ([listen, connect, bind].every((call) => typeof call !== "function")) {
    throw new TypeError(`transport: expected a transport such as tcp(), got ${kindOf(transport)}`);
  }
  if (blueprint === undefined) {
    throw new TypeError(
      "transport: this one cannot run in another thread; tcp(), tls(), unix(), udp(), websocket(), " +
        "websocketServer(), nativeTcp() and nativeUdp() can, and wrappers go around threaded()",
    );
  }
  const options = crossing(blueprint.options, "options") as object;
  return { kind: blueprint.kind, options };
}

/** A copy of a value as the other thread will have it. */
function crossing(value: unknown, name: string): unknown {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new TypeError(`${name}: a ${typeof value} cannot cross to another thread`);
  }
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value))
    return new Uint8Array(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (Array.isArray(value)) return value.map((item, index) => crossing(item, `${name}[${index}]`));
  const prototype = Object.getPrototypeOf(value) as unknown;
  if ((prototype === Object.prototype || prototype === null) && !isProxy(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, crossing(part, `${name}.${key}`)]),
    );
  }
  if (!arrivesWhole(value)) {
    throw new TypeError(
      `${name}: an object of the class ${value.constructor?.name} cannot cross to another thread`,
    );
  }
  return value;
}

/** Whether the engine carries an object with what it can do, as it does a `BlockList` of Node. */
function arrivesWhole(value: object): boolean {
  try {
    const copy = structuredClone(value) as Record<string, unknown>;
    const calls = Object.getOwnPropertyNames(Object.getPrototypeOf(value));
    return calls.every((name) => name in copy);
  } catch {
    return false;
  }
}
