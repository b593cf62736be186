/*
 * The server as C has it: epoll, and in each frame one recv for every socket that
 * is ready. Speaks the same JSON on stdin and stdout as the servers in Node, of which
 * it reads no more than the kind of the task. Linux; built by cc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RATE_HZ = 60, LINE_BYTES = 24, MOST_CLIENTS = 65536, MOST_EVENTS = 1024, READ_BYTES = 65536, MOST_FRAMES = 1 << 20 };

/* A client: the line that it has not finished, and its last position. */
struct client { int fd, rest, has_position; char line[LINE_BYTES]; char position[LINE_BYTES]; };

static struct client *clients[MOST_CLIENTS]; /* by descriptor */
static int order[MOST_CLIENTS], count;       /* the descriptors of all of them */
static int listener, ep, per_tick, number;
static int is_broadcast, is_everyone, is_idle;
static long taken, sent;
static double *frames_us, start_ms, start_cpu_ms, start_system_ms;
static int frames;
static char buffer[READ_BYTES];

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void cpu_ms(double *all, double *system) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  *system = used.ru_stime.tv_sec * 1e3 + used.ru_stime.tv_usec / 1e3;
  *all = *system + used.ru_utime.tv_sec * 1e3 + used.ru_utime.tv_usec / 1e3;
}

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(void) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    if (fd >= MOST_CLIENTS) { close(fd); continue; }
    struct client *client = calloc(1, sizeof *client);
    client->fd = fd;
    clients[fd] = client;
    order[count++] = fd;
    watch(fd);
  }
}

static void drop(struct client *client) {
  for (int i = 0; i < count; i++) if (order[i] == client->fd) { order[i] = order[--count]; break; }
  clients[client->fd] = NULL;
  close(client->fd);
  free(client);
}

/* Takes the lines out of what came; all are of one size. */
static void take(struct client *client, const char *bytes, long size) {
  for (const char *end = bytes + size; bytes < end;) {
    const char *found = memchr(bytes, '\n', end - bytes);
    int part = (found ? found : end) - bytes;
    if (client->rest + part < LINE_BYTES) { memcpy(client->line + client->rest, bytes, part); client->rest += part; }
    if (!found) return;
    bytes = found + 1;
    taken++;
    if (is_everyone) { memcpy(client->position, client->line, LINE_BYTES - 1); client->position[LINE_BYTES - 1] = '\n'; client->has_position = 1; }
    client->rest = 0;
  }
}

static void receive(struct client *client) {
  long size = recv(client->fd, buffer, READ_BYTES, 0);
  if (size > 0) take(client, buffer, size);
  else if (size == 0 || (errno != EAGAIN && errno != EINTR)) drop(client);
}

/* One send for each client, of all that the frame has for it. What does not fit is lost, as nobody here reads slowly. */
static void send_to_all(const char *bytes, long size, long lines) {
  for (int i = 0; i < count; i++) if (send(order[i], bytes, size, MSG_NOSIGNAL) > 0) sent += lines;
}

static void frame(void) {
  static struct epoll_event events[MOST_EVENTS];
  static char out[READ_BYTES];
  for (int passes = 4, n = MOST_EVENTS; n == MOST_EVENTS && passes > 0; passes--) {
    n = epoll_wait(ep, events, MOST_EVENTS, 0);
    for (int i = 0; i < n; i++) {
      if (events[i].data.fd == listener) accept_all();
      else if (clients[events[i].data.fd]) receive(clients[events[i].data.fd]);
    }
  }
  long size = 0, lines = 0;
  if (is_broadcast) {
    for (; lines < per_tick && size + LINE_BYTES <= READ_BYTES; lines++, size += LINE_BYTES) {
      memset(out + size, '.', LINE_BYTES);
      char text[LINE_BYTES];
      memcpy(out + size, text, snprintf(text, sizeof text, "cube %d", number++));
      out[size + LINE_BYTES - 1] = '\n';
    }
  }
  for (int i = 0; i < count && is_everyone; i++) {
    if (!clients[order[i]]->has_position || size + LINE_BYTES > READ_BYTES) continue;
    memcpy(out + size, clients[order[i]]->position, LINE_BYTES);
    size += LINE_BYTES;
    lines++;
  }
  if (size > 0) send_to_all(out, size, lines);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(double part) {
  int at = frames * part;
  return frames == 0 ? 0 : frames_us[at < frames ? at : frames - 1];
}

static void begin(void) {
  frames = taken = sent = 0;
  start_ms = now_ms();
  cpu_ms(&start_cpu_ms, &start_system_ms);
  puts("{\"begun\":true}");
}

static void end(void) {
  double elapsed = now_ms() - start_ms, cpu, system;
  struct rusage used;
  cpu_ms(&cpu, &system);
  getrusage(RUSAGE_SELF, &used);
  qsort(frames_us, frames, sizeof *frames_us, by_size);
  printf("{\"elapsedMs\":%f,\"cpuMs\":%f,\"systemMs\":%f,\"frames\":%d,\"connections\":%d,\"taken\":%ld,\"sent\":%ld,"
         "\"peakBytes\":%ld,\"frameP50Us\":%f,\"frameP99Us\":%f,\"frameMaxUs\":%f",
         elapsed, cpu - start_cpu_ms, system - start_system_ms, frames, count, taken, sent, used.ru_maxrss * 1024,
         quantile(0.5), quantile(0.99), quantile(1));
  if (is_idle) {
    frames = 0;
    for (double until = now_ms() + 200; now_ms() < until && frames < MOST_FRAMES;) {
      double before = now_ms();
      frame();
      frames_us[frames++] = (now_ms() - before) * 1e3;
    }
    qsort(frames_us, frames, sizeof *frames_us, by_size);
    printf(",\"hotFrameUs\":%f", quantile(0.5));
  }
  puts("}");
}

int main(int argc, char **argv) {
  const char *task = argc > 1 ? strstr(argv[1], "\"task\":") : NULL;
  if (!task) return 2;
  is_broadcast = strstr(task, "\"kind\":\"broadcast\"") != NULL;
  is_everyone = strstr(task, "\"kind\":\"everyone\"") != NULL;
  is_idle = strstr(task, "\"kind\":\"idle\"") != NULL;
  const char *ticks = strstr(task, "\"perTick\":");
  per_tick = ticks ? atoi(ticks + strlen("\"perTick\":")) : 0;
  frames_us = malloc(MOST_FRAMES * sizeof *frames_us);
  setvbuf(stdout, NULL, _IOLBF, 0);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int one = 1;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* which accepted sockets inherit */
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4096) < 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  ep = epoll_create1(EPOLL_CLOEXEC);
  watch(listener);
  printf("{\"ready\":true,\"port\":%d}\n", ntohs(address.sin_port));

  const double period = 1e3 / RATE_HZ;
  for (double due = now_ms();;) {
    double before = now_ms();
    frame();
    double after = now_ms();
    if (frames < MOST_FRAMES) frames_us[frames++] = (after - before) * 1e3;
    due = due + period > after - period ? due + period : after - period;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    for (double rest; (rest = due - now_ms()) > 0;) {
      struct timespec time = {.tv_sec = 0, .tv_nsec = rest * 1e6};
      if (ppoll(&input, 1, &time, NULL) <= 0) break;
      char command[64];
      if (!fgets(command, sizeof command, stdin)) return 0;
      if (strncmp(command, "begin", 5) == 0) begin();
      else if (strncmp(command, "end", 3) == 0) end();
    }
  }
}
