/** The page: sends what the player holds down, and draws what the server shows. */
import { Poller, runLoop, websocket } from "tickwire/browser";
import { type Input, pageCodec, type View } from "../src/messages.ts";
import { BALL_SIZE, PADDLE_HEIGHT } from "../src/pong.ts";

const canvas = document.querySelector("canvas") as HTMLCanvasElement;
const words = document.querySelector("p") as HTMLElement;
const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
const held = new Set<string>();
addEventListener("keydown", ({ key }) => held.add(key));
addEventListener("keyup", ({ key }) => held.delete(key));
addEventListener("blur", () => held.clear());

const net = new Poller();
let server = net.connect(websocket("/play"), pageCodec);
let sent: Input = { move: 0 };
let sentMs = 0;

await runLoop({
  pace: "animation",
  poller: net,
  tick(_, { nowMs }) {
    const view = server.tryRecvLatest();
    if (view !== undefined) draw(view);
    if (server.state === "closed") {
      words.textContent = `${server.closeReason?.message}; trying again`;
      server = net.connect(websocket("/play"), pageCodec);
    }
    const move = held.has("ArrowUp") ? -1 : held.has("ArrowDown") ? 1 : 0;
    if (move === sent.move && nowMs - sentMs < 1_000) return;
    if (server.state === "open" && server.trySend({ move })) [sent, sentMs] = [{ move }, nowMs];
  },
});

function draw({ ball: [x, y], paddles, score }: View): void {
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = "#eee";
  pen.fillRect(0, (paddles.left - PADDLE_HEIGHT / 2) * height, 8, PADDLE_HEIGHT * height);
  pen.fillRect(width - 8, (paddles.right - PADDLE_HEIGHT / 2) * height, 8, PADDLE_HEIGHT * height);
  pen.fillRect(
    (x - BALL_SIZE / 2) * width,
    (y - BALL_SIZE / 2) * height,
    BALL_SIZE * width,
    BALL_SIZE * height,
  );
  words.textContent = `${score.left} : ${score.right} (arrow keys; two players)`;
}
