/**
 * Signs of a page that the network may be back: the `online` event, and that the page
 * becomes visible. Outside of a page there are none. Listens only while somebody waits.
 */

/** Calls `back` at each sign, until it is removed. */
export function onNetworkSign(back: () => void): void {
  if (WAITING.size === 0) switchListening("addEventListener");
  WAITING.add(back);
}

/** Undoes {@link onNetworkSign}. */
export function offNetworkSign(back: () => void): void {
  if (WAITING.delete(back) && WAITING.size === 0) switchListening("removeEventListener");
}

/** The part of a window and a document that is used here, as other programs have none. */
interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
  readonly visibilityState?: string;
}

function switchListening(call: "addEventListener" | "removeEventListener"): void {
  const page = globalThis as Target & { readonly document?: Target };
  if (page.document === undefined) return;
  page[call]?.("online", tell);
  page.document[call]?.("visibilitychange", tellIfVisible);
}

function tell(): void {
  for (const back of [...WAITING]) back();
}

function tellIfVisible(): void {
  if ((globalThis as { readonly document?: Target }).document?.visibilityState === "visible") tell();
}

const WAITING = new Set<() => void>();
