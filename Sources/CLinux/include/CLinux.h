/* What Glibc's module does not show to Swift, or cannot be called from it:
 * variadic calls, newer system calls, and macros with casts. */
#ifndef CLINUX_H
#define CLINUX_H

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/types.h>
#include <sys/xattr.h>

#include "view.h"

/* openat2(2) below dirfd: the path never leaves it, and no link of the kernel's
 * own (/proc/self/fd) is followed. Returns a descriptor, or -1 with errno. */
int pak_open_beneath(int dirfd, const char *path, int flags, unsigned mode, int follow_links);

/* A file's attributes, nanoseconds and birth time included. */
struct pak_stat {
	uint64_t device, inode, size, blocks, rdev;
	uint32_t mode, uid, gid, nlink, block_size;
	int64_t atime, mtime, ctime, btime;
	uint32_t atime_ns, mtime_ns, ctime_ns, btime_ns;
};

/* statx(2) of path below dirfd, or of dirfd itself when path is "". Never follows a link.
 * Returns 0, or -1 with errno. */
int pak_stat_at(int dirfd, const char *path, struct pak_stat *out);

/* How much room the file system of a descriptor has, in blocks and files. */
struct pak_statfs {
	uint32_t block_size;
	uint64_t blocks, available, files, free_files;
};

/* fstatfs(2), also of an O_PATH descriptor. Returns 0, or -1 with errno. */
int pak_statfs_at(int fd, struct pak_statfs *out);

/* getdents64(2): fills buffer with entries, returns the bytes used, 0 at the end, -1 with errno. */
ssize_t pak_read_directory(int fd, void *buffer, size_t size);

/* syncfs(2): all of the file system that holds the file is put on storage. Returns 0, or -1 with
 * errno. */
int pak_sync_file_system(int fd);

/* Where the next bytes that a file stores begin at or behind offset, or the next that it does not
 * store: lseek(2) with SEEK_DATA and SEEK_HOLE, which moves the descriptor's own place. Returns
 * the offset, or -1 with errno, ENXIO when there is nothing more. */
int64_t pak_next_data(int fd, int64_t offset);
int64_t pak_next_hole(int fd, int64_t offset);

/* Has an empty file share the blocks of another of the same file system: ioctl(2) with FICLONE.
 * Returns 0, or -1 with errno where the file system cannot. */
int pak_clone(int to, int from);

/* The nanoseconds that tell futimens(3) to leave a time alone. */
extern const long pak_utime_omit;

/* Writes at the end of a file, wherever that is by then: pwritev2(2) with RWF_APPEND. */
ssize_t pak_append(int fd, const void *bytes, size_t count);

/* renameat2(2); without replace a name that is there is EEXIST. Returns 0, or -1 with errno. */
int pak_rename_at(int from, const char *name, int to, const char *new_name, int replace);

/* Sets the times of what an O_PATH descriptor stands for; of a time whose nanoseconds are
 * pak_utime_now or pak_utime_omit, now or not at all. Returns 0, or -1 with errno. */
int pak_set_times(int fd, int64_t atime, long atime_ns, int64_t mtime, long mtime_ns);
extern const long pak_utime_now;

/* O_PATH and O_TMPFILE, which need _GNU_SOURCE. */
extern const int pak_o_path;
extern const int pak_o_tmpfile;

/* Opens an empty file without a name, for reading and writing, mode 0600, in folder: O_TMPFILE,
 * or where the file system has none, a name that is removed at once. Returns a descriptor, or -1
 * with errno. */
int pak_nameless_file(const char *folder);

/* An empty file in memory: memfd_create(2). Returns a descriptor, or -1 with errno. */
int pak_memory_file(const char *name);

/* Tells the handler of SIGBUS, put in place at the first call, that these bytes are a file's
 * mapping: when the file is cut short underneath, the pages that are gone read as zeros instead
 * of ending the process. A SIGBUS anywhere else goes on to whoever had it before.
 * Returns 0, or -1 when there is no memory for one more. */
int pak_guard_mapping(const void *start, size_t length);
void pak_unguard_mapping(const void *start);

/* Whether bytes of a guarded mapping have been found to be gone; with start NULL, of any there ever
 * was, which is one load. */
int pak_mapping_is_cut(const void *start);

/* Listens on a socket of the file system, mode 0600. A socket that nobody answers at is
 * replaced, one that lives is EADDRINUSE. Returns a descriptor, or -1 with errno. */
int pak_listen_unix(const char *path);

/* Listens on an address and port of TCP, version 4 or 6. Returns a descriptor, or -1 with
 * errno, or -2 with a getaddrinfo(3) code in *resolver. */
int pak_listen_tcp(const char *host, const char *port, int *resolver);

/* Listens on a port of vsock(7). Returns a descriptor, or -1 with errno. */
int pak_listen_vsock(uint32_t cid, uint32_t port);

/* Connects to a socket of the file system, within so many milliseconds (0: whatever it takes).
 * Returns a descriptor, whose sends have the same limit, or -1 with errno: EINPROGRESS when the
 * time was up. */
int pak_dial_unix(const char *path, int milliseconds);

/* Likewise to a port of TCP, Nagle's delay off: the time is for looking the name up and all its
 * addresses together, which share what the look-up leaves. Returns a descriptor, or -1
 * with errno, or -2 with a getaddrinfo(3) code in *resolver. */
int pak_dial_tcp(const char *host, const char *port, int milliseconds, int *resolver);

/* Likewise to a port of vsock(7). Returns a descriptor, or -1 with errno. */
int pak_dial_vsock(uint32_t cid, uint32_t port, int milliseconds);

/* accept4(2), close-on-exec, with Nagle's delay off where there is one. */
int pak_accept(int fd);

/* What a descriptor is: 0 no socket, 1 a connected one, 2 one that listens; -1 with errno. */
int pak_socket_kind(int fd);

/* Who is at the other end of a unix socket, as of its connect(2). Returns 0, or -1 with errno. */
int pak_peer(int fd, uint32_t *uid, uint32_t *gid);

/* The port that a TCP socket is bound to; 0 when it is none. */
uint16_t pak_bound_port(int fd);

/* Gives the calling thread a view of the mounts of its own: what it mounts is seen by nobody else,
 * and goes when it ends. Its working directory is its own from then on. Needs root, or a user
 * namespace. Returns 0, or -1 with errno. */
int pak_private_mounts(void);

/* The type in a mode of what has a name, links as themselves, as far as the kernel knows it without
 * asking a server that may not answer. Returns 0, or -1 with errno. */
int pak_known_type(const char *path, uint32_t *type);

/* Whether something is mounted at a path, or may be, as far as the kernel knows it without asking a
 * server that may not answer. */
int pak_may_be_mounted(const char *path);

/* Has the signals that a user ends a program by take a folder away first, with all that is in it; none
 * from then on with NULL. It is for the first thread: others leave these signals to it. */
void pak_remove_at_signal(const char *folder);

/* Raises the limit of open descriptors to as many as may be had; the one found is put back for
 * programs that are started. Returns what then holds, 0 when that cannot be told. */
uint64_t pak_raise_descriptors(void);

/* Puts the limit of open descriptors back, in a process that is about to become another program. */
void pak_restore_descriptors(void);

/* Starts a program found on the path, its signals and its limit of descriptors as a shell's child has
 * them. The environment is ours with NULL, the standard input with -1; its standard error is to be
 * read from *complaints unless that is NULL; with `apart` it is in a group of its own, which no signal
 * for ours reaches; `kept`, unless it is -1, is a descriptor that is open in it, whatever closes at
 * exec: no other program gets it. Returns its process id, or -1 with errno. */
pid_t pak_spawn(const char *const *words, char *const *environment, int input, int *complaints,
	int apart, int kept);

/* Waits for its end; the first of its complaints, unless they are -1, are text. After so many seconds,
 * unless they are -1, it is killed; before Linux 5.3 not while it has no complaints open. Returns what wait(2) says, or -1 with errno: ETIMEDOUT then. */
int pak_reap(pid_t child, int complaints, char *text, size_t size, int seconds);

/* Kills all children of this process, and those whom they leave to it, and waits for their ends. It
 * finds them in the kernel's list of its one thread's children, or without that, -1, by the parents of
 * all that /proc has, which is open for its names: kernels without CONFIG_PROC_CHILDREN have no such
 * list. Without either they end by themselves. */
void pak_end_children(int list, int proc);

/* Whether a process is a child of another, or a child's child, as far as /proc tells. */
int pak_is_below(pid_t pid, pid_t ancestor);

/* How many processors this process may use, as it was when that was asked for first. */
int pak_processors(void);

/* Keeps this thread on one of them, from 0, where it takes nobody's turn when it is woken; -1 lets it
 * go. Returns 0, or -1: it is as it was, as one of another policy always is. */
int pak_stay(int number);

/* Has a thread that is started with these pthread_attr_t go where it likes, whoever starts it. */
void pak_spread(void *attributes);

/* What pak_read_directory fills a buffer with. */
struct pak_entry {
	uint64_t inode;
	int64_t next; /* where the directory is to be read on */
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Looks at each name of an open directory, "." and ".." too, by no more than a handler of signals may
 * call. */
void pak_each_name(int folder, void (*look)(void *context, const char *name), void *context);

/* Opens /dev/fuse. Returns a descriptor, or -1 with errno. */
int pak_fuse_open(void);

/* Another descriptor of a mounted FUSE connection, with a queue of its own. Returns it, or -1 with
 * errno. */
int pak_fuse_clone(int fd);

/* mount(2) of a file system that a server has, where neither devices nor set-id bits work. Returns 0,
 * or -1 with errno. */
int pak_mount(const char *source, const char *target, const char *type, int read_only,
	const char *data);

/* umount2(2), through no link; lazily even while it is in use. Returns 0, or -1 with errno. */
int pak_unmount(const char *target, int lazily);

/* Asks the file system at a path for its figures, by a child, since nothing keeps one who asks from
 * waiting for a server that never answers. Returns 0, or -1 with errno: that of the answer, or
 * ETIMEDOUT when none has come by then. */
int pak_answers_within(const char *path, int milliseconds);

/* Mounts through fusermount3, which may for a user. Returns the connection's descriptor, or -1
 * with errno and what the program said in text: EPERM when it refused. */
int pak_fusermount(const char *target, const char *options, char *text, size_t size);

/* Unmounts through fusermount3. Returns 0, or -1 with errno and what it said. */
int pak_fuserunmount(const char *target, int lazily, char *text, size_t size);

/* Whether this process may mount, in its own user namespace: CAP_SYS_ADMIN. */
int pak_may_mount(void);

/* A user's number and group, by name or by number: 0, or -1 when there is none. */
int pak_user_named(const char *name, uint32_t *uid, uint32_t *gid);
int pak_user_numbered(uint32_t uid, uint32_t *gid);

/* Asks the processor for some bytes, and does not wait; nothing need be there. */
static inline void pak_prefetch(const void *start, size_t size)
{
	for (size_t at = 0; at < size; at += 64)
		__builtin_prefetch((const char *)start + at);
	__builtin_prefetch((const char *)start + (size > 0 ? size - 1 : 0));
}

#endif
