/**
 * Makes the calls of a transport to Node fail, one after the other. A call counts
 * only where a file of `src/transport` makes it: what Node calls by itself, nobody
 * could catch. Which calls there are is found out by a run in which none fails.
 *
 *     surfaces (prototypes, modules) ──▶ wrapped ── called from src/transport? ──▶ noted, or throws
 */
import { syncBuiltinESMExports } from "node:module";

/** An object whose functions and getters a transport calls, with a name for messages. */
export interface Surface {
  readonly name: string;
  readonly target: object;
}

/** What the message of a broken call begins with. */
export const INJECTED = "injected into";

/** One wrapping of surfaces; undone by `restore`. */
export class BrokenCalls {
  /** How often each call was made, by `Socket.write` and the like. */
  readonly made: Map<string, number> = new Map();
  thrown: number = 0;
  readonly #shouldThrow: (call: string, count: number) => boolean;
  readonly #undo: (() => void)[] = [];

  constructor(surfaces: readonly Surface[], shouldThrow: (call: string, count: number) => boolean) {
    this.#shouldThrow = shouldThrow;
    for (const { name, target } of surfaces) {
      for (const [key, found] of describedNames(target)) this.#wrap(`${name}.${key}`, target, key, found);
    }
    syncBuiltinESMExports(); // for modules, whose named imports follow only then
  }

  restore(): void {
    for (const undo of this.#undo.reverse()) undo();
    syncBuiltinESMExports();
  }

  #wrap(call: string, target: object, key: string, found: PropertyDescriptor): void {
    const own = Object.getOwnPropertyDescriptor(target, key);
    if (own !== undefined && own.configurable !== true) return;
    const note = () => this.#note(call);
    const wrapped: PropertyDescriptor = { ...found, configurable: true };
    const { get, value } = found;
    if (get !== undefined) {
      wrapped.get = function (this: unknown) {
        note();
        return get.call(this);
      };
    } else {
      wrapped.value = function (this: unknown, ...given: unknown[]) {
        note();
        return Reflect.apply(value as () => unknown, this, given);
      };
      Object.assign(wrapped.value, value);
    }
    Object.defineProperty(target, key, wrapped);
    this.#undo.push(() => {
      if (own === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, own);
    });
  }

  #note(call: string): void {
    // Lines of a stack: the message, this function, `note`, the wrapper, and who called it.
    const caller = new Error("who calls").stack?.split("\n")[4] ?? "";
    if (!caller.includes("/src/transport/")) return;
    const count = (this.made.get(call) ?? 0) + 1;
    this.made.set(call, count);
    if (!this.#shouldThrow(call, count)) return;
    this.thrown++;
    throw new Error(`${INJECTED} ${call}`);
  }
}

/** All functions and getters of an object, inherited ones too, that may ask the system for something. */
function describedNames(target: object): Map<string, PropertyDescriptor> {
  const names = new Map<string, PropertyDescriptor>();
  for (
    let holder: object | null = target;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      const isCall = (typeof found.value === "function" && !/^[A-Z]/.test(name)) || found.get !== undefined;
      if (isCall && !names.has(name) && !HARMLESS.test(name)) names.set(name, found);
    }
  }
  return names;
}

/** Listeners, what a stream or a server is before it is used, and what a WebSocket is: nothing is asked of the system. */
const HARMLESS =
  /^(constructor|_.*|createServer|createSecureContext|on|once|off|emit|addListener|removeListener|removeAllListeners|listenerCount|isIP.*|readable.*|writable.*|destroyed|closed|errored|connecting|pending|listening|prependListener|bufferedAmount|isPaused|protocol|readyState)$/;
