/* Small files read one after another into one buffer, without Python's lock: see laying.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* How many files are asked for ahead of one that is waited for, and how much of each. */
#define FILES_AHEAD 64
#define BYTES_AHEAD (256 << 10)

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

typedef struct {
    int64_t first, stop;
} Span;

typedef struct {
    int64_t size, mtime_ns, ctime_ns, inode;
} State;

/* As many headers, paths and states as there are files. */
typedef struct {
    int directory;
    const char *headers, *paths;
    const Span *header_spans, *path_spans;
    const State *states;
    const int64_t *padded;
    Py_ssize_t count;
} Files;

static int64_t nanoseconds(struct timespec moment) {
    return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

/* Whether a path stays below its directory by its text; one that merely looks otherwise may be
   refused, for the caller has another way to read it. */
static int is_plain(const char *path) {
    return path[0] != '\0' && path[0] != '/' && strstr(path, "..") == NULL;
}

/* Open a file for reading; -1 where that fails. */
static int open_below(const Files *files, Py_ssize_t number) {
    char path[PATH_MAX];
    Span span = files->path_spans[number];
    size_t length = (size_t)(span.stop - span.first);
    if (length >= sizeof path || memchr(files->paths + span.first, '\0', length) != NULL) {
        return -1;
    }
    memcpy(path, files->paths + span.first, length);
    path[length] = '\0';
    return is_plain(path) ? openat(files->directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
}

/* Whether a file was read without waiting for its disk; `wait` says whether that is why it was
   not. */
static int read_at_once(int file, char *room, int64_t size, int *wait) {
#ifdef RWF_NOWAIT
    struct iovec into = {room, (size_t)size};
    ssize_t got = preadv2(file, &into, 1, 0, RWF_NOWAIT);
    *wait = got >= 0 || errno == EAGAIN;
    return got == size;
#else
    *wait = 0;
    return 0;
#endif
}

/* Let the disk bring files into memory, many at a time. */
static void ask_for(const Files *files, Py_ssize_t first, Py_ssize_t stop) {
#ifdef POSIX_FADV_WILLNEED
    for (; first < stop; first++) {
        int64_t size = files->states[first].size;
        int file = open_below(files, first);
        if (file >= 0) {
            posix_fadvise(file, 0, size < BYTES_AHEAD ? size : BYTES_AHEAD, POSIX_FADV_WILLNEED);
            close(file);
        }
    }
#endif
}

/* Fill `room` with a file as it was known, all of it. Compared after it was read, once: no write
   before that leaves or brings back the known ctime. Where it is waited for, those behind it are
   asked for; `asked` is the first of them that was not. */
static int read_known(const Files *files, Py_ssize_t number, char *room, Py_ssize_t *asked) {
    struct stat found;
    State known = files->states[number];
    int same, wait, file = open_below(files, number);
    if (file < 0) {
        return 0;
    }
    same = read_at_once(file, room, known.size, &wait);
    if (!same) {
        if (wait) {
            Py_ssize_t left = files->count - number;
            Py_ssize_t stop = number + (left < FILES_AHEAD ? left : FILES_AHEAD);
            ask_for(files, *asked > number ? *asked : number + 1, stop);
            *asked = stop;
        }
        same = pread(file, room, (size_t)known.size, 0) == known.size;
    }
    same = same && fstat(file, &found) == 0 && found.st_size == known.size &&
           nanoseconds(found.st_mtim) == known.mtime_ns &&
           nanoseconds(found.st_ctim) == known.ctime_ns && found.st_ino == (ino_t)known.inode;
    close(file);
    return same;
}

/* Lay files one after another; how many, and the bytes that they take in `octets`. */
static Py_ssize_t lay_files(const Files *files, char *room, Py_ssize_t room_bytes,
                            Py_ssize_t *octets) {
    Py_ssize_t laid = 0, asked = 0;
    *octets = 0;
    for (; laid < files->count; laid++) {
        Span span = files->header_spans[laid];
        int64_t size = files->states[laid].size, filled = files->padded[laid];
        int64_t header_bytes = span.stop - span.first;
        char *header = room + *octets, *contents = header + header_bytes;
        if (size < 0 || filled < size || filled > room_bytes ||
            header_bytes + filled > room_bytes - *octets ||
            !read_known(files, laid, contents, &asked)) {
            break;
        }
        memcpy(header, files->headers + span.first, (size_t)header_bytes);
        memset(contents + size, 0, (size_t)(filled - size));
        *octets += (Py_ssize_t)(header_bytes + filled);
    }
    return laid;
}

/* Whether there are `count` spans, all within so many bytes. */
static int are_within(const Py_buffer *spans, Py_ssize_t count, Py_ssize_t octets) {
    const Span *span = spans->buf;
    if (spans->len != count * (Py_ssize_t)sizeof(Span)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (span[i].first < 0 || span[i].first > span[i].stop || span[i].stop > octets) {
            return 0;
        }
    }
    return 1;
}

static PyObject *lay(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *root;
    Py_buffer headers, header_spans, paths, path_spans, states, padded, room;
    Py_ssize_t laid = 0, octets = 0, count;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "s(y*y*)(y*y*)y*y*w*", &root, &headers, &header_spans, &paths,
                          &path_spans, &states, &padded, &room)) {
        return NULL;
    }
    count = padded.len / (Py_ssize_t)sizeof(int64_t);
    if (states.len != count * (Py_ssize_t)sizeof(State) ||
        !are_within(&header_spans, count, headers.len) ||
        !are_within(&path_spans, count, paths.len)) {
        PyErr_SetString(PyExc_ValueError, "as many headers, paths and states as sizes are needed");
    } else {
        Files files = {-1,         headers.buf, paths.buf, header_spans.buf, path_spans.buf,
                       states.buf, padded.buf,  count};
        Py_BEGIN_ALLOW_THREADS
        files.directory = open(root, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
        if (files.directory >= 0) {
            laid = lay_files(&files, room.buf, room.len, &octets);
            close(files.directory);
        }
        Py_END_ALLOW_THREADS
        result = Py_BuildValue("nn", laid, octets);
    }
    PyBuffer_Release(&headers);
    PyBuffer_Release(&header_spans);
    PyBuffer_Release(&paths);
    PyBuffer_Release(&path_spans);
    PyBuffer_Release(&states);
    PyBuffer_Release(&padded);
    PyBuffer_Release(&room);
    return result;
}

static PyMethodDef methods[] = {
    {"lay", lay, METH_VARARGS, "As service.storage.laying.Lay."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_laying", NULL, 0, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__laying(void) {
    return PyModule_Create(&module);
}
