/**
 * A warning that is printed now, for a loop that never yields: Node prints warnings at the
 * end of the current turn of the event loop, which never comes.
 */
import { writeSync } from "node:fs";

/**
 * Warns of what a loop that never yields has to be told now: prints it, where Node would, and
 * gives it to other listeners of `process.on("warning")` when the event loop turns.
 */
export function warnNow(code: string, sentence: string): void {
  if (!printWarning(code, sentence)) {
    process.emitWarning(sentence, { type: TYPE, code });
    return;
  }
  const warning = Object.assign(new Error(sentence), { name: TYPE, code });
  process.nextTick(() => {
    for (const listener of process.listeners("warning")) {
      if (listener.name !== NODES_OWN) Reflect.apply(listener, process, [warning]);
    }
  });
}

/** Prints what Node would print of a warning of tickwire. Returns whether Node would print it. */
export function printWarning(code: string, sentence: string): boolean {
  if (!isPrinted(code)) return false;
  try {
    writeSync(STDERR, `(node:${process.pid}) [${code}] ${TYPE}: ${sentence}\n`);
  } catch {
    // Nobody reads standard error any more, or it is full: that ends no game.
  }
  return true;
}

/** Whether Node prints this warning: it has a listener of its own, unless warnings are switched off. */
function isPrinted(code: string): boolean {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  const isDisabled = new RegExp(`--disable-warning[= ](${code}|${TYPE})\\b`).test(options);
  return !isDisabled && process.listeners("warning").some(({ name }) => name === NODES_OWN);
}

const STDERR = 2;
/** The name of Node's listener, which prints. */
const NODES_OWN = "onWarning";
const TYPE = "TickwireWarning";
