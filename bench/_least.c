/* The least that sends small files as a part of a package: each is opened, read, compared with its
   size and closed, laid behind a header, and sent. One thread reads, one sends, for each stream.

       least PORT LIST SIZE

   LIST has a path in each line; all files have SIZE bytes. Whatever is asked for, they are sent. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512
#define BUFFERS 5
#define BUFFER_BYTES (1 << 20)

static char **paths;
static long count, size, filled;

typedef struct {
    sem_t empty, full;
    char *buffers[BUFFERS];
    long octets[BUFFERS];
} Ring;

static void stop(const char *what) {
    perror(what);
    exit(1);
}

static void lay(const char *path, char *room) {
    struct stat found;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, room + BLOCK, size, 0) != size || fstat(file, &found) ||
        found.st_size != size) {
        stop(path);
    }
    close(file);
    memset(room, 1, BLOCK);
    memset(room + BLOCK + size, 0, filled - BLOCK - size);
}

static void *read_all(void *of) {
    Ring *ring = of;
    for (long next = 0, turn = 0; next < count; turn = (turn + 1) % BUFFERS) {
        sem_wait(&ring->empty);
        ring->octets[turn] = 0;
        for (; next < count && ring->octets[turn] + filled <= BUFFER_BYTES; next++) {
            lay(paths[next], ring->buffers[turn] + ring->octets[turn]);
            ring->octets[turn] += filled;
        }
        sem_post(&ring->full);
    }
    return NULL;
}

static int send_all(int client, const char *octets, long length) {
    while (length > 0) {
        ssize_t sent = write(client, octets, length);
        if (sent <= 0) {
            return 0;
        }
        octets += sent;
        length -= sent;
    }
    return 1;
}

static void answer(int client) {
    Ring ring;
    pthread_t reader;
    char head[BUFSIZ];
    if (read(client, head, sizeof head) <= 0) {
        return;
    }
    sem_init(&ring.empty, 0, BUFFERS);
    sem_init(&ring.full, 0, 0);
    for (int i = 0; i < BUFFERS; i++) {
        ring.buffers[i] = malloc(BUFFER_BYTES);
    }
    pthread_create(&reader, NULL, read_all, &ring);
    long left = count * filled;
    send_all(client, head, sprintf(head, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", left));
    for (int turn = 0; left > 0; turn = (turn + 1) % BUFFERS) {
        sem_wait(&ring.full);
        if (!send_all(client, ring.buffers[turn], ring.octets[turn])) {
            return;
        }
        left -= ring.octets[turn];
        sem_post(&ring.empty);
    }
}

int main(int argc, char **argv) {
    char *line = NULL;
    size_t room = 0;
    FILE *list = argc == 4 ? fopen(argv[2], "r") : NULL;
    if (list == NULL) {
        stop("least PORT LIST SIZE");
    }
    size = atol(argv[3]);
    filled = BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
    for (ssize_t length; (length = getline(&line, &room, list)) > 0; count++) {
        line[length - 1] = 0;
        paths = realloc(paths, (count + 1) * sizeof *paths);
        paths[count] = strdup(line);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (void *)&address, sizeof address) || listen(server, 64)) {
        stop("bind");
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(server, NULL, NULL);
        if (fork() == 0) {
            answer(client);
            _exit(0);
        }
        close(client);
    }
}
