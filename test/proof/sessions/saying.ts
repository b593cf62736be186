/** What the ends of sessions say to each other in these tests: the same for programs and pages. */

/** What a session is over. */
export type Carrier = "tcp" | "tls" | "websocket";

/** The line of that number: of many lengths, and now and then longer than a packet. */
export function saying(number: number): string {
  return `${number} `.padEnd(number % 50 === 49 ? 4_000 : (number * 7_919) % 600, "-");
}
