/**
 * The system's errors as those of Node: with the same code, and a message of the same
 * form. So a close reason of a native transport is that of the one in its place.
 */
import { getSystemErrorName } from "node:util";
import type { CloseReason } from "../../port/close-reason.ts";
import { reasonOf } from "../node/error-codes.ts";

/** An error as Node's calls throw it. */
export interface SystemError extends Error {
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;
}

/** The error that `syscall` has failed with. `where` is what it was called for, such as an address. */
export function systemError(errno: number, syscall: string, where?: string): SystemError {
  const code = getSystemErrorName(-errno);
  const error = new Error(`${syscall} ${code}${where === undefined ? "" : ` ${where}`}`);
  return Object.assign(error, { errno: -errno, code, syscall });
}

/** The same as a close reason. */
export function reasonOfErrno(errno: number, syscall: string, where?: string): CloseReason {
  return reasonOf(systemError(errno, syscall, where));
}
