// What HTTP/2 with nghttp2 costs at least: epoll, one session a connection, one write a burst, no gRPC runtime.
//
// By default every message is unpacked and packed with protobuf-c; with --constant the answer is made once, from the
// first request, and said again without looking at the others: no real server does less. Neither looks at deadlines,
// metadata or limits.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "peers.pb-c.h"

enum { BUFFER_SIZE = 256 * 1024, PREFIX = 5 };
enum method { SCORE, ECHO, FLOW };

struct stream {
    enum method method;
    uint8_t *request;
    size_t request_size, request_room;
    uint8_t *answer;  // of Flow: one message, said `times` times
    size_t answer_size, answer_at;
    int times;
    bool is_shared;
};

struct connection {
    int fd;
    nghttp2_session *session;
    bool waits_to_write;
    uint8_t *left;
    size_t left_size, left_at;
};

static int port;
static bool is_constant;
// Of --constant, by method: made by the first request.
static uint8_t *constant[3];
static size_t constant_size[3];
static int constant_times[3];
static __thread int poller;
static __thread uint8_t read_buffer[BUFFER_SIZE], write_buffer[BUFFER_SIZE];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void prefix(uint8_t *at, size_t size) {
    at[0] = 0;
    for (int i = 0; i < 4; i++) at[1 + i] = size >> (24 - 8 * i);
}

static bool score(struct stream *stream) {
    Rapport__Peers__V1__ScoreRequest *request =
        rapport__peers__v1__score_request__unpack(NULL, stream->request_size - PREFIX, stream->request + PREFIX);
    if (!request) return false;
    Rapport__Peers__V1__ScoreResponse response;
    rapport__peers__v1__score_response__init(&response);
    char pair[256];
    snprintf(pair, sizeof pair, "%s/%s", request->coach, request->coachee);
    response.pair = pair;
    response.time = request->time + 1;
    response.kind = request->kind;
    double all[] = {request->reliability, request->integrity, request->competence, request->empathy};
    response.trust = (all[0] + all[1] + all[2] + all[3]) / 4;
    response.lowest = response.highest = all[0];
    for (int i = 1; i < 4; i++) {
        if (all[i] < response.lowest) response.lowest = all[i];
        if (all[i] > response.highest) response.highest = all[i];
    }
    size_t size = rapport__peers__v1__score_response__get_packed_size(&response);
    stream->answer = malloc(size + PREFIX);
    prefix(stream->answer, size);
    rapport__peers__v1__score_response__pack(&response, stream->answer + PREFIX);
    stream->answer_size = size + PREFIX;
    rapport__peers__v1__score_request__free_unpacked(request, NULL);
    return true;
}

static void pack(struct stream *stream, Rapport__Peers__V1__Blob *blob) {
    size_t size = rapport__peers__v1__blob__get_packed_size(blob);
    stream->answer = malloc(size + PREFIX);
    prefix(stream->answer, size);
    rapport__peers__v1__blob__pack(blob, stream->answer + PREFIX);
    stream->answer_size = size + PREFIX;
}

static bool echo(struct stream *stream) {
    Rapport__Peers__V1__Blob *blob =
        rapport__peers__v1__blob__unpack(NULL, stream->request_size - PREFIX, stream->request + PREFIX);
    if (!blob) return false;
    pack(stream, blob);
    rapport__peers__v1__blob__free_unpacked(blob, NULL);
    return true;
}

static bool flow(struct stream *stream) {
    Rapport__Peers__V1__FlowRequest *request =
        rapport__peers__v1__flow_request__unpack(NULL, stream->request_size - PREFIX, stream->request + PREFIX);
    if (!request) return false;
    Rapport__Peers__V1__Blob blob;
    rapport__peers__v1__blob__init(&blob);
    blob.body.len = request->size;
    blob.body.data = calloc(1, request->size);
    pack(stream, &blob);
    stream->times = request->count;
    free(blob.body.data);
    rapport__peers__v1__flow_request__free_unpacked(request, NULL);
    return true;
}

static bool answer(struct stream *stream) {
    enum method method = stream->method;
    stream->times = 1;
    if (is_constant && constant[method]) {
        stream->answer = constant[method];
        stream->answer_size = constant_size[method];
        stream->times = constant_times[method];
        stream->is_shared = true;
        return true;
    }
    bool is_read = method == SCORE ? score(stream) : method == ECHO ? echo(stream) : flow(stream);
    if (is_read && is_constant) {
        constant[method] = stream->answer;
        constant_size[method] = stream->answer_size;
        constant_times[method] = stream->times;
        stream->is_shared = true;
    }
    return is_read;
}

#define FIELD(name, value)                                              \
    {(uint8_t *)name, (uint8_t *)value, sizeof name - 1, sizeof value - 1, \
     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}

static ssize_t give_body(nghttp2_session *session, int32_t id, uint8_t *into, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *context) {
    (void)context;
    struct stream *stream = source->ptr;
    size_t given = 0;
    while (given < room && stream->times > 0) {
        size_t count = stream->answer_size - stream->answer_at;
        if (count > room - given) count = room - given;
        memcpy(into + given, stream->answer + stream->answer_at, count);
        given += count;
        stream->answer_at += count;
        if (stream->answer_at == stream->answer_size) {
            stream->answer_at = 0;
            stream->times--;
        }
    }
    if (stream->times <= 0) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        static const nghttp2_nv trailers[] = {FIELD("grpc-status", "0")};
        nghttp2_submit_trailer(session, id, trailers, 1);
    }
    return given;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)context;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, calloc(1, sizeof(struct stream)));
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t value_size, uint8_t flags, void *context) {
    (void)flags, (void)context;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream && name_size == 5 && !memcmp(name, ":path", 5) && value_size > 4)
        stream->method = !memcmp(value + value_size - 4, "core", 4)   ? SCORE
                         : !memcmp(value + value_size - 4, "Echo", 4) ? ECHO
                                                                      : FLOW;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t count,
                   void *context) {
    (void)flags, (void)context;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (!stream) return 0;
    if (stream->request_size + count > stream->request_room) {
        stream->request_room = 2 * (stream->request_size + count);
        stream->request = realloc(stream->request, stream->request_room);
    }
    memcpy(stream->request + stream->request_size, bytes, count);
    stream->request_size += count;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)context;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!stream) return 0;
    if (stream->request_size < PREFIX || !answer(stream)) {
        nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
        return 0;
    }
    static const nghttp2_nv head[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = give_body};
    nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &body);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context) {
    (void)code, (void)context;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (!stream) return 0;
    free(stream->request);
    if (!stream->is_shared) free(stream->answer);
    free(stream);
    return 0;
}

static void close_connection(struct connection *connection) {
    nghttp2_session_del(connection->session);
    close(connection->fd);
    free(connection->left);
    free(connection);
}

static void watch(struct connection *connection, bool writes) {
    if (connection->waits_to_write == writes) return;
    connection->waits_to_write = writes;
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
}

// False when the connection is over.
static bool flush(struct connection *connection) {
    while (connection->left_at < connection->left_size) {
        ssize_t sent = send(connection->fd, connection->left + connection->left_at,
                            connection->left_size - connection->left_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return watch(connection, true), true;
        if (sent < 0) return false;
        connection->left_at += sent;
    }
    for (bool more = true; more;) {
        size_t size = 0, at = 0;
        while (more && size < BUFFER_SIZE / 2) {
            const uint8_t *bytes;
            ssize_t count = nghttp2_session_mem_send(connection->session, &bytes);
            if (count < 0) return false;
            if (!count) more = false;
            memcpy(write_buffer + size, bytes, count);
            size += count;
        }
        while (at < size) {
            ssize_t sent = send(connection->fd, write_buffer + at, size - at, MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) {
                connection->left = realloc(connection->left, size - at);
                memcpy(connection->left, write_buffer + at, size - at);
                connection->left_size = size - at;
                connection->left_at = 0;
                watch(connection, true);
                return true;
            }
            if (sent < 0) return false;
            at += sent;
        }
    }
    watch(connection, false);
    return nghttp2_session_want_read(connection->session) || nghttp2_session_want_write(connection->session);
}

static void accept_connection(int listener, nghttp2_session_callbacks *callbacks) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    nghttp2_session_server_new(&connection->session, callbacks, connection);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 256 << 10}};
    nghttp2_submit_settings(connection->session, 0, settings, 2);
    nghttp2_session_set_local_window_size(connection->session, 0, 0, 1 << 20);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void *serve(void *argument) {
    int listener = (int)(intptr_t)argument;
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    for (;;) {
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection) {
                accept_connection(listener, callbacks);
                continue;
            }
            bool is_alive = true;
            if (events[i].events & ~EPOLLOUT) {
                ssize_t count = recv(connection->fd, read_buffer, BUFFER_SIZE, 0);
                is_alive = count > 0 ? nghttp2_session_mem_recv(connection->session, read_buffer, count) == count
                                     : count < 0 && errno == EAGAIN;
            }
            if (!is_alive || !flush(connection)) close_connection(connection);
        }
    }
    return NULL;
}

static int listen_here(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8192)) die("listen");
    socklen_t size = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &size);
    port = ntohs(address.sin_port);
    return listener;
}

int main(int count, char **arguments) {
    int loops = 1;
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--constant")) is_constant = true;
        else if (!strcmp(arguments[i], "--port") && i + 1 < count) port = atoi(arguments[++i]);
        else if (!strcmp(arguments[i], "--loops") && i + 1 < count) loops = atoi(arguments[++i]);
        else return fprintf(stderr, "usage: server [--port P] [--loops N] [--constant]\n"), 2;
    }
    intptr_t listeners[64];
    for (int i = 0; i < loops && i < 64; i++) listeners[i] = listen_here();
    printf("listening on %d\n", port);
    fflush(stdout);
    for (int i = 1; i < loops && i < 64; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)listeners[i]);
    }
    serve((void *)listeners[0]);
}
