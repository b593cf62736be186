/**
 * Who a player is: a name that all see, and a secret that only the page and the worlds
 * know. Whoever brings the secret is the player, through whichever gateway. What
 * others see is a number that follows from the secret and does not tell it.
 */

/** What makes a player the same one again. */
export interface Identity {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** How many bytes a secret has. */
export const SECRET_BYTES = 16;
/** The longest name, in characters. */
export const LONGEST_NAME = 16;

/** The public number of whoever has this secret: 32 bits of its 128, by FNV-1a. */
export function idOf(secret: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of secret) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash >>> 0;
}

/** A name as it may be shown: one line of printable characters. */
export function tidyName(name: string): string {
  const [...characters] = name.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
  return characters.slice(0, LONGEST_NAME).join("") || "nobody";
}

/** Bytes as text, such as for the page's storage. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of such a text; `undefined` when it is none of a secret. */
export function secretOf(hex: string): Uint8Array | undefined {
  if (hex.length !== 2 * SECRET_BYTES || !/^[0-9a-f]+$/.test(hex)) return undefined;
  return Uint8Array.from({ length: SECRET_BYTES }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
