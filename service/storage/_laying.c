/* Small files read one after another into one buffer, without Python's lock: see laying.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
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
    const char *header, *path;
    Py_ssize_t header_bytes;
} Member;

typedef struct {
    int64_t size, mtime_ns, ctime_ns, inode;
} State;

static int64_t nanoseconds(struct timespec moment) {
    return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

/* Whether a path stays below its directory by its text; one that merely looks otherwise may be
   refused, for the caller has another way to read it. */
static int is_plain(const char *path) {
    return path[0] != '\0' && path[0] != '/' && strstr(path, "..") == NULL;
}

static int open_below(int directory, const char *path) {
    return is_plain(path) ? openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
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
static void ask_for(int directory, const Member *members, const State *states, Py_ssize_t first,
                    Py_ssize_t stop) {
#ifdef POSIX_FADV_WILLNEED
    for (; first < stop; first++) {
        int64_t size = states[first].size;
        int file = open_below(directory, members[first].path);
        if (file >= 0) {
            posix_fadvise(file, 0, size < BYTES_AHEAD ? size : BYTES_AHEAD, POSIX_FADV_WILLNEED);
            close(file);
        }
    }
#endif
}

/* Fill `room` with the file of one member as it was known, all of it. Compared after it was read,
   once: no write before that leaves or brings back the known ctime. Where it is waited for, those
   behind it are asked for; `asked` is the first of them that was not. */
static int read_known(int directory, const Member *members, const State *states, Py_ssize_t number,
                      Py_ssize_t count, char *room, Py_ssize_t *asked) {
    struct stat found;
    State known = states[number];
    int same, wait, file = open_below(directory, members[number].path);
    if (file < 0) {
        return 0;
    }
    same = read_at_once(file, room, known.size, &wait);
    if (!same) {
        if (wait) {
            Py_ssize_t stop = number + FILES_AHEAD < count ? number + FILES_AHEAD : count;
            ask_for(directory, members, states, *asked > number ? *asked : number + 1, stop);
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

/* Lay members one after another; how many, and the bytes that they take in `octets`. */
static Py_ssize_t lay_members(const char *root, const Member *members, const State *states,
                              const int64_t *padded, Py_ssize_t count, char *room,
                              Py_ssize_t room_bytes, Py_ssize_t *octets) {
    Py_ssize_t laid = 0, asked = 0;
    int directory = open(root, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    *octets = 0;
    if (directory < 0) {
        return 0;
    }
    for (; laid < count; laid++) {
        const Member *member = &members[laid];
        int64_t size = states[laid].size, filled = padded[laid];
        char *header = room + *octets, *contents = header + member->header_bytes;
        if (size < 0 || filled < size || filled > room_bytes ||
            member->header_bytes + filled > room_bytes - *octets ||
            !read_known(directory, members, states, laid, count, contents, &asked)) {
            break;
        }
        memcpy(header, member->header, (size_t)member->header_bytes);
        memset(contents + size, 0, (size_t)(filled - size));
        *octets += member->header_bytes + (Py_ssize_t)filled;
    }
    close(directory);
    return laid;
}

static Member *members_of(PyObject *headers, PyObject *paths, Py_ssize_t count) {
    Member *members = PyMem_Calloc((size_t)count + 1, sizeof(Member));
    if (members == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *header;
        Py_ssize_t path_bytes;
        members[i].path = PyUnicode_AsUTF8AndSize(PyList_GET_ITEM(paths, i), &path_bytes);
        if (members[i].path == NULL ||
            PyBytes_AsStringAndSize(PyList_GET_ITEM(headers, i), &header,
                                    &members[i].header_bytes) < 0) {
            PyMem_Free(members);
            return NULL;
        }
        if (strlen(members[i].path) != (size_t)path_bytes) {
            members[i].path = ""; /* a zero within it: is_plain refuses it */
        }
        members[i].header = header;
    }
    return members;
}

static PyObject *lay(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *root;
    PyObject *headers, *paths, *result = NULL;
    Py_buffer states, padded, room;
    Py_ssize_t count, laid, octets;
    if (!PyArg_ParseTuple(args, "sO!O!y*y*w*", &root, &PyList_Type, &headers, &PyList_Type, &paths,
                          &states, &padded, &room)) {
        return NULL;
    }
    count = PyList_GET_SIZE(paths);
    if (PyList_GET_SIZE(headers) != count || states.len != count * (Py_ssize_t)sizeof(State) ||
        padded.len != count * (Py_ssize_t)sizeof(int64_t)) {
        PyErr_SetString(PyExc_ValueError, "as many headers, states and sizes as paths are needed");
    } else {
        Member *members = members_of(headers, paths, count);
        if (members != NULL) {
            Py_BEGIN_ALLOW_THREADS
            laid = lay_members(root, members, states.buf, padded.buf, count, room.buf, room.len,
                               &octets);
            Py_END_ALLOW_THREADS
            PyMem_Free(members);
            result = Py_BuildValue("nn", laid, octets);
        }
    }
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
