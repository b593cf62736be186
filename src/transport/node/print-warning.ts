/**
 * A warning that is printed now, for a loop that never yields: Node prints warnings at the
 * end of the current turn of the event loop, which never comes.
 */
import { writeSync } from "node:fs";

/** Prints what Node would print of a warning of tickwire. Returns whether Node would print it. */
export function printWarning(code: string, sentence: string): boolean {
  if (!isPrinted(code)) return false;
  writeSync(STDERR, `(node:${process.pid}) [${code}] ${TYPE}: ${sentence}\n`);
  return true;
}

/** Whether Node prints this warning: it has a listener of its own, unless warnings are switched off. */
function isPrinted(code: string): boolean {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  const isDisabled = new RegExp(`--disable-warning[= ](${code}|${TYPE})\\b`).test(options);
  return !isDisabled && process.listeners("warning").some(({ name }) => name === "onWarning");
}

const STDERR = 2;
const TYPE = "TickwireWarning";
