/**
 * The plain client of NATS, for tests that talk with it. Required, and with types of its own,
 * as those of the package do not compile under our options.
 */
import { createRequire } from "node:module";

/** What tests use of a connection. */
export interface ForeignClient {
  publish(subject: string, payload: string | Uint8Array, options?: object): void;
  request(subject: string, payload: string): Promise<ForeignMessage>;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: ForeignMessage) => void },
  ): { unsubscribe(): void };
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What tests use of a message. */
export interface ForeignMessage {
  readonly subject: string;
  readonly reply: string;
  string(): string;
  respond(payload: string): boolean;
}

interface ForeignHeaders {
  set(name: string, value: string): void;
}

interface Package {
  connect(options: object): Promise<ForeignClient>;
  headers(): ForeignHeaders;
  readonly nkeys: { createUser(): { getPublicKey(): string; getSeed(): Uint8Array } };
}

const client: Package = createRequire(import.meta.url)("@nats-io/transport-node");

export function connectForeign(url: string): Promise<ForeignClient> {
  return client.connect({ servers: url });
}

/** A new pair of keys of a user. */
export function newNkey(): { readonly publicKey: string; readonly seed: string } {
  const user = client.nkeys.createUser();
  return { publicKey: user.getPublicKey(), seed: new TextDecoder().decode(user.getSeed()) };
}

export function foreignHeaders(): ForeignHeaders {
  return client.headers();
}
