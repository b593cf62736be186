/**
 * Warnings: what went wrong and has nobody who listens for it is said once. Decides
 * where it is said: on `process.emitWarning`, where there is one. A page has none,
 * and nothing that is worth a warning.
 */

/**
 * Emits a `TickwireWarning`.
 *
 * @param code the warning's, such as `TICKWIRE_MALFORMED`, for a program that filters
 * @param message one sentence, and how to listen
 */
export function warn(code: string, message: string): void {
  platform.process?.emitWarning?.(message, { type: "TickwireWarning", code });
}

/** The part of Node's `process` that is used. Its types are not loaded for a page. */
interface Platform {
  readonly process?: {
    emitWarning?(message: string, options: { readonly type: string; readonly code: string }): void;
  };
}

const platform = globalThis as unknown as Platform;
