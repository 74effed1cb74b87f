// A lean load generator for gRPC over HTTP/2: one thread, one nghttp2 session a connection, one write a burst.
//
// Every answer is checked: status 200, grpc-status 0, and its bytes against those expected. Times count from the moment
// a call was due, so an open loop (--rate) hides no waiting. Prints one line of JSON; ends with 1 when a call failed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024, WRITE_SIZE = 256 * 1024, SUB_BUCKETS = 128, BUCKETS = 64 * SUB_BUCKETS };

static const char usage[] =
    "usage: load --port P --path /package.Service/Method --body FILE [--expect FILE | --expect-bytes N]\n"
    "            [--connections C] [--streams S] [--seconds T] [--rate R] [--calls N] [--tls] [--idle]\n"
    "\n"
    "  --body FILE        the request message, without its prefix\n"
    "  --expect FILE      the response's body must be these bytes, after one prefix\n"
    "  --expect-bytes N   the response's body must have N bytes, prefixes and all\n"
    "  --connections C    1 to 20000, default 8\n"
    "  --streams S        calls at once on each connection, 1 to 1000, default 32\n"
    "  --seconds T        for how long calls begin, default 3\n"
    "  --rate R           calls a second, evenly (an open loop); without it each answer begins the next call\n"
    "  --calls N          so many calls and no more\n"
    "  --tls              TLS without looking at the certificate\n"
    "  --idle             one call on each connection, then hold them all until standard input ends\n";

struct connection {
    int fd;
    SSL *tls;
    nghttp2_session *session;
    int open;
    bool is_dirty, waits_to_write;
    uint8_t *left;  // what the socket did not take
    size_t left_size, left_at;
};

struct call {
    struct connection *connection;
    int64_t due;
    size_t sent, received;
    bool status, grpc_status, differs;
    struct call *next;
};

static struct {
    int port, connections, streams;
    double seconds, rate;
    int64_t calls;
    bool tls, idle;
    const char *path;
    uint8_t *request, *answer;
    size_t request_size, answer_size, answer_bytes;
} options = {.connections = 8, .streams = 32, .seconds = 3, .calls = INT64_MAX};

static struct connection *connections;
static struct call *spare;
static int64_t *waiting;  // due times of calls that found no free stream
static size_t waiting_first, waiting_count, waiting_size;
static int64_t begun, done, failed, received, until;
static uint64_t histogram[BUCKETS];
static int64_t longest;
static uint8_t read_buffer[READ_SIZE], write_buffer[WRITE_SIZE];
static char first_failure[200];
static int poller;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

// Buckets that are a 128th of their value wide.
static size_t bucket(int64_t value) {
    if (value < SUB_BUCKETS) return value < 0 ? 0 : value;
    int shift = 63 - __builtin_clzll(value) - 7;
    return (size_t)(shift + 1) * SUB_BUCKETS + (value >> shift) - SUB_BUCKETS;
}

static double quantile(double share) {
    uint64_t rank = share * done, seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (seen > rank) {
            if (i < SUB_BUCKETS) return i;
            int shift = i / SUB_BUCKETS - 1;
            return (double)((i % SUB_BUCKETS + SUB_BUCKETS) << shift) + (1 << shift) / 2.0;
        }
    }
    return longest;
}

static ssize_t give_body(nghttp2_session *session, int32_t stream, uint8_t *into, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *context) {
    (void)session, (void)stream, (void)context;
    struct call *call = source->ptr;
    size_t left = options.request_size - call->sent;
    if (left < room) room = left;
    memcpy(into, options.request + call->sent, room);
    call->sent += room;
    if (call->sent == options.request_size) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return room;
}

static nghttp2_nv field(const char *name, const char *value, uint8_t flags) {
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NO_COPY_NAME | flags};
}

static void begin(struct connection *connection, int64_t due) {
    struct call *call = spare;
    if (call) spare = call->next; else if (!(call = malloc(sizeof *call))) die("malloc");
    *call = (struct call){.connection = connection, .due = due};
    char timeout[16], authority[32];
    snprintf(authority, sizeof authority, "127.0.0.1:%d", options.port);
    // Deadlines differ from call to call.
    snprintf(timeout, sizeof timeout, "%dm", 16000 + (int)((uint64_t)begun * 2654435761 % 4000));
    uint8_t fixed = NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    nghttp2_nv fields[] = {
        field(":method", "POST", fixed), field(":scheme", options.tls ? "https" : "http", fixed),
        field(":path", options.path, fixed), field(":authority", authority, 0), field("te", "trailers", fixed),
        field("content-type", "application/grpc", fixed), field("user-agent", "load/1", fixed),
        field("grpc-timeout", timeout, NGHTTP2_NV_FLAG_NO_INDEX), field("x-tenant", "organisations/acme", fixed),
    };
    nghttp2_data_provider body = {.source.ptr = call, .read_callback = give_body};
    if (nghttp2_submit_request(connection->session, NULL, fields, sizeof fields / sizeof *fields, &body, call) < 0) {
        fprintf(stderr, "load: a request could not be submitted\n");
        exit(1);
    }
    begun++;
    connection->open++;
    connection->is_dirty = true;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t value_size, uint8_t flags, void *context) {
    (void)flags, (void)context;
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call) return 0;
    if (name_size == 7 && !memcmp(name, ":status", 7)) call->status = value_size == 3 && !memcmp(value, "200", 3);
    if (name_size == 11 && !memcmp(name, "grpc-status", 11)) call->grpc_status = value_size == 1 && *value == '0';
    if (name_size == 12 && !memcmp(name, "grpc-message", 12) && !*first_failure)
        snprintf(first_failure, sizeof first_failure, "%.*s", (int)value_size, value);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t count,
                   void *context) {
    (void)flags, (void)context;
    struct call *call = nghttp2_session_get_stream_user_data(session, stream);
    if (!call) return 0;
    if (options.answer) {
        size_t from = call->received;
        if (from + count > options.answer_size || memcmp(options.answer + from, bytes, count)) call->differs = true;
    }
    call->received += count;
    received += count;
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *context) {
    struct connection *connection = context;
    struct call *call = nghttp2_session_get_stream_user_data(session, stream);
    if (!call) return 0;
    int64_t time = now(), took = time - call->due;
    if (code || !call->status || !call->grpc_status || call->differs ||
        (options.answer_bytes && call->received != options.answer_bytes)) {
        failed++;
        if (!*first_failure)
            snprintf(first_failure, sizeof first_failure, "HTTP/2 error %u, status %d, grpc-status %d, %zu bytes%s",
                     code, call->status, call->grpc_status, call->received, call->differs ? " that differ" : "");
    }
    histogram[bucket(took)]++;
    if (took > longest) longest = took;
    done++;
    connection->open--;
    call->next = spare;
    spare = call;
    if (options.rate > 0) {
        if (waiting_count) {
            int64_t due = waiting[waiting_first];
            waiting_first = (waiting_first + 1) % waiting_size;
            waiting_count--;
            begin(connection, due);
        }
    } else if (time < until && begun < options.calls && !options.idle) {
        begin(connection, time);
    }
    return 0;
}

static void wait_for_stream(int64_t due) {
    if (waiting_count == waiting_size) {
        fprintf(stderr, "load: %zu calls wait for a stream: the rate is too high\n", waiting_count);
        exit(1);
    }
    waiting[(waiting_first + waiting_count++) % waiting_size] = due;
}

static void watch(struct connection *connection, bool writes) {
    if (connection->waits_to_write == writes) return;
    connection->waits_to_write = writes;
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
}

// Bytes taken; 0 when the socket takes none now.
static size_t give(struct connection *connection, const uint8_t *bytes, size_t count) {
    if (connection->tls) {
        int sent = SSL_write(connection->tls, bytes, count);
        if (sent > 0) return sent;
        int error = SSL_get_error(connection->tls, sent);
        if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) return 0;
        die("SSL_write");
    }
    ssize_t sent = send(connection->fd, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EAGAIN) return 0;
    die("send");
    return 0;
}

static void flush(struct connection *connection) {
    while (connection->left_at < connection->left_size) {
        size_t sent = give(connection, connection->left + connection->left_at, connection->left_size - connection->left_at);
        if (!sent) return watch(connection, true);
        connection->left_at += sent;
    }
    connection->is_dirty = false;
    for (bool more = true; more;) {
        size_t size = 0;
        while (more && size < WRITE_SIZE / 2) {
            const uint8_t *bytes;
            ssize_t count = nghttp2_session_mem_send(connection->session, &bytes);
            if (count < 0) die("nghttp2_session_mem_send");
            if (!count) more = false;
            memcpy(write_buffer + size, bytes, count);
            size += count;
        }
        size_t at = 0;
        while (at < size) {
            size_t sent = give(connection, write_buffer + at, size - at);
            if (!sent) {
                connection->left = realloc(connection->left, size - at);
                memcpy(connection->left, write_buffer + at, size - at);
                connection->left_size = size - at;
                connection->left_at = 0;
                connection->is_dirty = true;
                return watch(connection, true);
            }
            at += sent;
        }
    }
    watch(connection, false);
}

static void feed(struct connection *connection) {
    for (;;) {
        ssize_t count;
        if (connection->tls) {
            count = SSL_read(connection->tls, read_buffer, READ_SIZE);
            if (count <= 0) {
                int error = SSL_get_error(connection->tls, count);
                if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
                die("the server closed a connection");
            }
        } else {
            count = recv(connection->fd, read_buffer, READ_SIZE, 0);
            if (count < 0 && errno == EAGAIN) break;
            if (count <= 0) die("the server closed a connection");
        }
        if (nghttp2_session_mem_recv(connection->session, read_buffer, count) < 0) die("nghttp2_session_mem_recv");
        if (!connection->tls && count < READ_SIZE) break;
    }
    connection->is_dirty = true;
}

static void open_connection(struct connection *connection, SSL_CTX *tls, nghttp2_session_callbacks *callbacks) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    int one = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (tls) {
        connection->tls = SSL_new(tls);
        SSL_set_fd(connection->tls, connection->fd);
        SSL_set_mode(connection->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (SSL_connect(connection->tls) != 1) die("SSL_connect");
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    nghttp2_session_client_new(&connection->session, callbacks, connection);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 8 << 20},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(connection->session, 0, settings, 2);
    nghttp2_session_set_local_window_size(connection->session, 0, 0, 16 << 20);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event);
}

// The file's bytes, after `prefix` and their length when `framed`.
static uint8_t *message(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    uint8_t *bytes = NULL;
    size_t count = 0, got;
    do {
        bytes = realloc(bytes, count + 65536 + 5);
        got = fread(bytes + 5 + count, 1, 65536, file);
        count += got;
    } while (got);
    fclose(file);
    bytes[0] = 0;
    for (int i = 0; i < 4; i++) bytes[1 + i] = count >> (24 - 8 * i);
    *size = count + 5;
    return bytes;
}

static void read_options(int count, char **arguments) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"path", 1, 0, 'm'}, {"body", 1, 0, 'b'}, {"expect", 1, 0, 'e'},
        {"expect-bytes", 1, 0, 'n'}, {"connections", 1, 0, 'c'}, {"streams", 1, 0, 's'}, {"seconds", 1, 0, 't'},
        {"rate", 1, 0, 'r'}, {"calls", 1, 0, 'k'}, {"tls", 0, 0, 'x'}, {"idle", 0, 0, 'i'}, {"help", 0, 0, 'h'}, {0}};
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) switch (name) {
        case 'p': options.port = atoi(optarg); break;
        case 'm': options.path = optarg; break;
        case 'b': options.request = message(optarg, &options.request_size); break;
        case 'e': options.answer = message(optarg, &options.answer_size); options.answer_bytes = options.answer_size; break;
        case 'n': options.answer_bytes = atoll(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.streams = atoi(optarg); break;
        case 't': options.seconds = atof(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        case 'k': options.calls = atoll(optarg); break;
        case 'x': options.tls = true; break;
        case 'i': options.idle = true; break;
        default: fputs(usage, name == 'h' ? stdout : stderr); exit(name == 'h' ? 0 : 2);
    }
    if (!options.port || !options.path || !options.request || options.connections < 1 || options.connections > 20000 ||
        options.streams < 1 || options.streams > 1000 || options.seconds <= 0) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    poller = epoll_create1(EPOLL_CLOEXEC);
    SSL_CTX *tls = NULL;
    if (options.tls) {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_alpn_protos(tls, (const uint8_t *)"\2h2", 3);
    }
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    connections = calloc(options.connections, sizeof *connections);
    waiting_size = 1 << 20;
    waiting = malloc(waiting_size * sizeof *waiting);
    for (int i = 0; i < options.connections; i++) open_connection(&connections[i], tls, callbacks);

    int64_t start = now(), every = options.rate > 0 ? 1e9 / options.rate : 0, next = start;
    until = start + options.seconds * 1e9;
    int turn = 0;
    if (!every)
        for (int i = 0; i < options.connections; i++)
            for (int j = 0; j < (options.idle ? 1 : options.streams) && begun < options.calls; j++)
                begin(&connections[i], now());
    for (int i = 0; i < options.connections; i++) flush(&connections[i]);

    struct epoll_event events[256];
    for (;;) {
        int64_t time = now();
        bool ends = every ? next >= until || begun >= options.calls : time >= until || begun >= options.calls;
        if (options.idle) ends = true;
        if (ends && done >= begun && !waiting_count) break;
        if (time > until + 30 * 1000000000LL) {
            failed += begun - done;
            snprintf(first_failure, sizeof first_failure, "not answered within 30 s");
            break;
        }
        for (; every && next <= time && next < until && begun < options.calls; next += every) {
            struct connection *free = NULL;
            for (int tried = 0; tried < options.connections && !free; tried++) {
                struct connection *candidate = &connections[turn++ % options.connections];
                if (candidate->open < options.streams) free = candidate;
            }
            if (free) begin(free, next); else wait_for_stream(next);
        }
        if (every)
            for (int i = 0; i < options.connections; i++)
                if (connections[i].is_dirty && !connections[i].waits_to_write) flush(&connections[i]);
        int64_t pause = every && next < until ? next - now() : 100 * 1000000LL;
        if (pause < 0) pause = 0;
        struct timespec timeout = {pause / 1000000000, pause % 1000000000};
        int ready = epoll_pwait2(poller, events, 256, &timeout, NULL);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & ~EPOLLOUT) feed(connection);
            flush(connection);
        }
    }
    double seconds = (now() - start) / 1e9;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"calls\": %lld, \"failed\": %lld, \"seconds\": %.6f, \"bytes\": %lld, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"p999_us\": %.1f, \"longest_us\": %.1f, \"load_cpu\": %.3f}\n",
           (long long)done, (long long)failed, seconds, (long long)received, quantile(0.5) / 1e3, quantile(0.99) / 1e3,
           quantile(0.999) / 1e3, longest / 1e3,
           usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    fflush(stdout);
    if (failed) fprintf(stderr, "load: %lld calls failed, the first: %s\n", (long long)failed, first_failure);
    if (options.idle)
        while (getchar() != EOF) {}
    return failed != 0;
}
