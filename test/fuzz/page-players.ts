/**
 * Players in a real page: the game's view of them. The page reports what it did in
 * each step, and this side keeps its ledgers before anybody looks at a message.
 */
import { Fault, must } from "./fault.ts";
import type { PageClient, PageCommand, PageEndView } from "./page-client.ts";
import { Party, type Reason } from "./party.ts";
import type { Rules } from "./rules.ts";

declare const fuzzClient: PageClient; // in the page

/** What is needed of a page; that of Playwright has it. */
export interface GamePage {
  evaluate<Result, Argument>(run: (argument: Argument) => Result, argument: Argument): Promise<Result>;
}

/** One connection of a page. */
export class PageEnd extends Party {
  override readonly tellsGoodbyes = true;
  readonly lostSent: number = 0;
  #view: PageEndView | undefined;
  #keepsMessages: boolean;

  constructor(number: number, keepsMessages: boolean) {
    super(number, "near");
    this.#keepsMessages = keepsMessages;
  }

  get lostReceived(): number {
    return this.#keepsMessages ? (this.#view?.skipped ?? 0) : 0;
  }

  get reason(): Reason | undefined {
    return this.#view?.reason as Reason | undefined;
  }

  get isClosed(): boolean {
    return this.#view?.state === "closed";
  }

  get isOpen(): boolean {
    return this.#view?.state === "open";
  }

  get isOver(): boolean {
    return this.isClosed || this.discards;
  }

  get told(): string {
    return `page near ${this.number} ${this.#view?.state} ${JSON.stringify(this.reason)}`;
  }

  show(view: PageEndView): void {
    this.#view = view;
  }
}

/** All connections of a page in one game. */
export class PagePlayers {
  readonly ends: Map<number, PageEnd> = new Map();
  readonly #page: GamePage;
  readonly #parties: Map<number, Party>;
  readonly #rules: Rules;

  constructor(page: GamePage, parties: Map<number, Party>, rules: Rules) {
    this.#page = page;
    this.#parties = parties;
    this.#rules = rules;
  }

  async start(options: object): Promise<void> {
    const { codec, longest, languageSeed, framing } = this.#rules;
    const how = { codec, longest, languageSeed, framing, options };
    await this.#page.evaluate((told) => fuzzClient.start(told), how);
  }

  get present(): PageEnd[] {
    return [...this.ends.values()].filter(({ isClosed }) => !isClosed);
  }

  async connect(number: number, url: string): Promise<void> {
    const end = new PageEnd(number, this.#rules.language.keepsMessages);
    this.ends.set(number, end);
    this.#parties.set(number, end);
    await this.run({ what: "connect", end: number, url });
    await this.run({ what: "send", end: number, keys: [null] });
  }

  /** Does one thing in the page, and takes note of all that came of it. */
  async run(command: PageCommand): Promise<void> {
    const { what } = command;
    const about = this.ends.get(command.end ?? 0);
    if (what === "close" || what === "abort") {
      if (about?.isClosed === false) {
        about.discards = true;
        about.ends = true;
        if (what === "abort") about.aborted = true;
      }
    }
    if (what === "end" && about?.reason === undefined && about !== undefined) about.endsFirst = true;
    const report = await this.#page.evaluate((told) => fuzzClient.run(told), command);
    if (report.fault !== undefined)
      throw new Fault(`in the page, at ${JSON.stringify(command)}: ${report.fault}`);
    for (const { end, name, key, replaced } of report.queued) {
      const { out } = this.ends.get(end) as PageEnd;
      if (replaced) out.replace(name, key ?? undefined);
      else out.push(name, key ?? undefined);
    }
    for (const view of report.ends) this.ends.get(view.end)?.show(view);
    if (what === "close" && about?.reason?.kind === "local") about.said ??= about.reason.goodbye;
    for (const { end, name } of report.came) {
      const near = this.ends.get(end);
      must(near !== undefined, () => `the page has an end ${end} that nobody made`);
      near.receive(name, this.#parties);
    }
  }

  async stop(): Promise<void> {
    await this.#page.evaluate(() => fuzzClient.stop(), undefined);
  }
}
