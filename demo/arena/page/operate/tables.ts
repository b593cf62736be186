/** The tables of the operator's page. Writes to the page only what has changed, so that a button stays the same one. */
import type { Order, ProcessView, View } from "../../shared/operator-wire.ts";
import { bytesWords, hzWords, msWords, statesOf, zoneWords } from "./words.ts";

/** All that the page shows. */
export class Tables {
  readonly #page: Document;
  readonly #order: (order: Order) => void;
  readonly #rows = new Map<string, HTMLTableRowElement>();
  #linesShown = "";

  constructor(page: Document, order: (order: Order) => void) {
    this.#page = page;
    this.#order = order;
    this.#part("cut").addEventListener("click", () => order({ kind: "cut" }));
  }

  /** How the page stands to the launcher. */
  tell(words: string, isGood: boolean): void {
    const part = this.#part("link");
    put(part, words);
    part.dataset.level = isGood ? "good" : "waiting";
  }

  show(view: View): void {
    for (const one of view.processes) this.#showProcess(one);
    this.#showLeases(view);
    this.#showPlayers(view);
    this.#showBroker(view);
    this.#showPages(view.gateways);
    this.#showLines(view.lines);
  }

  #showProcess(one: ProcessView): void {
    const row = this.#rows.get(one.name) ?? this.#addRow(one);
    const { level, words } = statesOf(one);
    row.dataset.state = one.state;
    const [, state, , ...cells] = row.cells;
    if (state !== undefined) {
      const status = state.firstElementChild as HTMLElement;
      status.dataset.level = level;
      put(status.lastElementChild, words);
      put(state.lastElementChild, one.pid === null ? "" : String(one.pid));
    }
    const trips = one.busMs.map(msWords).join("  ");
    const lost = one.lost + one.failed;
    const texts = [
      hzWords(one.framesHz),
      msWords(one.p99Ms),
      msWords(one.lineMs),
      trips === "" ? "–" : trips,
    ];
    texts.push(bytesWords(one.inBytes), bytesWords(one.outBytes), String(lost), zoneWords(one));
    for (const [index, text] of texts.entries()) put(cells[index] ?? null, text);
    const [kill, halt] = row.querySelectorAll("button");
    if (kill === undefined || halt === undefined) return;
    kill.disabled = one.state === "gone";
    halt.disabled = one.state === "gone";
    put(halt, one.state === "stopped" ? "continue" : "stop");
  }

  #addRow({ name }: ProcessView): HTMLTableRowElement {
    const body = this.#part("processes").querySelector("tbody");
    const row = this.#page.createElement("tr");
    row.id = `process-${name}`;
    const head = this.#page.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    const state = row.insertCell();
    const status = this.#page.createElement("span");
    status.className = "status";
    const mark = this.#page.createElement("span");
    mark.className = "mark";
    mark.ariaHidden = "true";
    status.append(mark, this.#page.createElement("b"));
    state.append(status, " ", this.#page.createElement("small"));
    const orders = this.#page.createElement("div");
    orders.className = "orders";
    const kill = this.#button("kill", "kill -9", () => this.#order({ kind: "kill", name }));
    const halt = this.#button("stop", "SIGSTOP, or SIGCONT", () =>
      this.#order({ kind: row.dataset.state === "stopped" ? "continue" : "stop", name }),
    );
    orders.append(kill, halt);
    row.insertCell().append(orders);
    for (let cell = 0; cell < NUMBERS; cell++) row.insertCell().className = "number";
    row.insertCell();
    body?.append(row);
    this.#rows.set(name, row);
    return row;
  }

  #button(text: string, title: string, click: () => void): HTMLButtonElement {
    const button = this.#page.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.title = title;
    button.addEventListener("click", click);
    return button;
  }

  #showLeases({ leases, zones }: View): void {
    const rows = Array.from({ length: zones }, (_, zone) => {
      const lease = leases.find((one) => one.zone === zone);
      if (lease === undefined) return [String(zone + 1), "nobody", "–"];
      return [
        String(zone + 1),
        `${lease.world}${lease.pid === null ? "" : `, ${lease.pid}`}`,
        String(lease.epoch),
      ];
    });
    this.#fill("leases", "tbody", rows, [2]);
  }

  /** Players, by gateway and by zone. */
  #showPlayers({ processes, zones }: View): void {
    const places = [...Array.from({ length: zones }, (_, zone) => String(zone)), "seeking"];
    const gateways = processes.filter(({ role }) => role === "gateway");
    const used = places.filter(
      (place) => place !== "seeking" || gateways.some(({ players }) => players[place]),
    );
    const numbers = used.map((_, index) => index + 1).concat(used.length + 1);
    const head = [
      "",
      ...used.map((place) => (place === "seeking" ? place : `zone ${Number(place) + 1}`)),
      "all",
    ];
    this.#fill("players", "thead", [head], numbers);
    const rows = gateways.map(({ name, players }) => {
      const counts = used.map((place) => players[place] ?? 0);
      return [name, ...counts.map(String), String(counts.reduce((sum, count) => sum + count, 0))];
    });
    this.#fill("players", "tbody", rows, numbers);
  }

  #showBroker({ broker }: View): void {
    const part = this.#part("broker");
    const isCut = broker.state === "cut";
    part.dataset.level = isCut ? "gone" : "good";
    put(
      part.lastElementChild,
      isCut ? `cut, for ${(broker.leftMs / 1_000).toFixed(1)} s more` : broker.words,
    );
    (this.#part("cut") as HTMLButtonElement).disabled = isCut || broker.why !== undefined;
    put(this.#part("cut-why"), broker.why ?? "");
  }

  #showPages(gateways: readonly string[]): void {
    const part = this.#part("pages");
    if (part.childElementCount === gateways.length) return;
    const links = gateways.map((url, index) => {
      const link = this.#page.createElement("a");
      link.href = url;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = `play at gateway-${index + 1}`;
      return link;
    });
    part.replaceChildren(...links);
  }

  #showLines(lines: View["lines"]): void {
    const shown = JSON.stringify(lines.at(-1));
    if (shown === this.#linesShown) return;
    this.#linesShown = shown;
    const items = lines.toReversed().map(([atMs, who, text]) => {
      const item = this.#page.createElement("li");
      const when = this.#page.createElement("span");
      when.textContent = `${(atMs / 1_000).toFixed(1)} s`;
      const name = this.#page.createElement("b");
      name.textContent = who;
      const words = this.#page.createElement("p");
      words.textContent = text;
      item.append(when, name, words);
      return item;
    });
    this.#part("lines").replaceChildren(...items);
  }

  /** A table of texts, cell by cell. */
  #fill(
    id: string,
    place: "thead" | "tbody",
    rows: readonly (readonly string[])[],
    numbers: readonly number[],
  ): void {
    const part = this.#part(id).querySelector<HTMLTableSectionElement>(place);
    if (part === null) return;
    while (part.rows.length > rows.length) part.deleteRow(-1);
    for (const [index, texts] of rows.entries()) {
      const row = part.rows[index] ?? part.insertRow();
      while (row.cells.length > texts.length) row.deleteCell(-1);
      for (const [at, text] of texts.entries()) {
        const cell =
          row.cells[at] ?? row.appendChild(this.#page.createElement(place === "thead" ? "th" : "td"));
        cell.className = numbers.includes(at) ? "number" : "";
        put(cell, text);
      }
    }
  }

  #part(id: string): HTMLElement {
    const part = this.#page.getElementById(id);
    if (part === null) throw new Error(`the page has no ${id}`);
    return part;
  }
}

function put(part: Element | null, text: string): void {
  if (part !== null && part.textContent !== text) part.textContent = text;
}

/** Columns between the buttons and the zones. */
const NUMBERS = 7;
