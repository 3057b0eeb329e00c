/* A private view of the files around a command. The caller prepares everything: between clone(2)
 * and execve(2) there are system calls alone. See namespaces(7). */
#ifndef CLINUX_VIEW_H
#define CLINUX_VIEW_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a step does. Its target is below /view, /hidden or /host of the root that the steps are
 * done in: the view, what serves it unseen, and the host. */
enum pak_step_kind {
	PAK_STEP_MOUNT = 1, /* mount(2) of type, source, flags and data */
	PAK_STEP_FUSE,      /* likewise, "fd=N," in front of data; the device is handed over */
	PAK_STEP_BIND,      /* source, also here */
	PAK_STEP_DIRECTORY, /* of this mode, with those above it */
	PAK_STEP_FILE,      /* empty, of this mode */
	PAK_STEP_LINK,      /* symbolic, to source */
	PAK_STEP_FILL,      /* the directory is handed over, and PAK_SAY_GO awaited */
};

enum {
	PAK_STEP_RECURSIVE = 1, /* a bind: with the mounts below */
	PAK_STEP_READ_ONLY = 2, /* a bind: all of it */
	PAK_STEP_OPTIONAL = 4,  /* what cannot be done is left out */
};

struct pak_step {
	int32_t kind;
	int32_t number;  /* what a message calls it by */
	uint32_t options;
	uint32_t mode;
	uint64_t flags;
	const char *source, *target, *type, *data;
};

/* What cannot be done, when it is no step. */
enum pak_stage {
	PAK_STAGE_IDS = -1,
	PAK_STAGE_MOUNTS = -2, /* a table of mounts of its own */
	PAK_STAGE_ROOT = -3,   /* the bare root */
	PAK_STAGE_PIVOT = -4,
	PAK_STAGE_HOST_NAME = -5,
	PAK_STAGE_NETWORK = -6,
	PAK_STAGE_ANSWERS = -7,
	PAK_STAGE_COMMAND = -8,
	PAK_STAGE_PRIVILEGES = -9,
	PAK_STAGE_DIRECTORY = -10, /* the working directory, which is needed */
};

/* What the two ends of a view's socket say, a struct a packet. */
enum pak_saying {
	/* The keeper: */
	PAK_SAY_FAILED = 1, /* at: number of a step, or a stage; number: errno */
	PAK_SAY_HANDED,     /* at: number of a step; a descriptor comes along */
	PAK_SAY_BEGINS,     /* the view is made: from here on the command may run */
	PAK_SAY_STARTED,    /* number: errno of the working directory */
	PAK_SAY_REFUSED,    /* no program; number: errno; at: 1 when there is such a file */
	PAK_SAY_STOPPED,    /* at: which stop, from 1; number: signal */
	PAK_SAY_CONTINUED,
	PAK_SAY_PASSED,     /* a signal has been sent to the command */
	PAK_SAY_ENDED,      /* number: what wait(2) says */
	/* Its starter: */
	PAK_SAY_GO,
	PAK_SAY_SIGNAL, /* number: for the command */
	PAK_SAY_RESUME, /* at: the stop that is to end, if it has not yet */
};

struct pak_saying_packet {
	int32_t saying, at, number;
};

/* Families of system calls that are answered by the starter. */
enum {
	PAK_ANSWER_OWNERS = 1,
	PAK_ANSWER_DEVICES = 2,
	PAK_ANSWER_IDENTITIES = 4,
	PAK_ANSWER_CHANGES = 8, /* of files of owners whom the view does not have */
	PAK_ANSWER_STRANGERS = 16, /* owners alone whom the view does not have */
};

/* What is noted of a file in an overlay that the view's calls are answered for: it stands for the
 * one below; the owner and the group it was given, "-" for neither; the type, 2 or 6, and the number
 * of the device that it stands for. */
#define PAK_MARK_COPY "user.pak.copy"
#define PAK_MARK_OWNER "user.pak.owner"
#define PAK_MARK_OWNER_OF_LINK "security.pak.owner" /* users' are for files and directories alone */
#define PAK_MARK_DEVICE "user.pak.device"

/* What pak_take_files notes at a file: the user and the group of the view that have had it. It is
 * noted before, too, at files of packages where all below the overlay is the user's own. */
#define PAK_MARK_TAKEN "user.pak.taken"
#define PAK_MARK_TAKEN_OF_LINK "security.pak.taken"

/* What the starter is asked. */
enum pak_asks {
	PAK_ASK_OWNER = 1,
	PAK_ASK_DEVICE,
	PAK_ASK_WHOSE, /* a file comes along: EPERM when its owner or group is none of the view's */
};

/* A call for the starter to answer, and its answer, a packet each. */
struct pak_asked {
	uint64_t id, inode, device;
	int32_t asks;
	int32_t mount;     /* which FUSE step, from 0 */
	uint32_t uid, gid; /* -1: as it is */
	uint32_t mode;
	char name[256];
};

struct pak_answered {
	uint64_t id;
	int32_t number; /* errno, or 0 */
};

struct pak_view {
	uint64_t spaces; /* CLONE_NEWNS and what else is its own */
	int socket;      /* the keeper's end, a SOCK_SEQPACKET */
	int answers;     /* likewise, for struct pak_asked; -1 when there are none */
	uint32_t answered;
	uint32_t last_user, last_group; /* that the view has, from 0 on */
	/* The keeper writes these maps itself; with NULL, and a user namespace, it waits for
	 * PAK_SAY_GO. */
	const char *uid_map, *gid_map;
	int has_users, drops_groups;
	const struct pak_step *steps;
	size_t step_count;
	const char *host_name; /* or NULL */
	int has_network;       /* one of its own: its loopback is to be up */
	uint64_t capabilities; /* those that the command may have, by bits; all: leave them */
	const char *directory;
	int needs_directory; /* the command must not run in another */
	/* Paths of the program, tried in turn, and NULL. */
	char *const *candidates;
	/* The arguments; [-1] is free for the shell of a script without a first line. NULL: there is
	 * no command, and the view ends when it stands. */
	char **arguments;
	char *const *environment;
	sigset_t mask;     /* of the command */
	sigset_t defaulted; /* signals that it finds at their default */
	int file_mask;      /* its umask, or -1: ours */
};

/* Starts the view's keeper. Returns its process id, or -1 with errno. */
pid_t pak_view_start(const struct pak_view *view);

/* A file, whom it is for, and what is to be set of its set-id bits; see pak_give_files. */
struct pak_gift {
	const char *path;
	uint32_t uid, gid, bits;
};

/* By a process of its own that is root of a user namespace, a descriptor: gives files in a directory
 * to its users. What a change of owner takes of a file it has again. Returns 0, or -1 with errno. */
int pak_give_files(int users, int folder, const struct pak_gift *files, size_t count);

/* Likewise gives all that is in a directory to root there, and notes whose it was. */
int pak_take_files(int users, int folder);

/* A pair of such sockets, close-on-exec. Returns 0, or -1 with errno. */
int pak_view_sockets(int pair[2]);

/* Takes in a packet, and a descriptor when one comes along (else -1). Returns its size, 0 when the
 * other end is gone, or -1 with errno. */
ssize_t pak_view_receive(int socket, void *packet, size_t size, int *descriptor);

/* The kinds of namespaces, for pak_view.spaces. */
extern const uint64_t pak_space_users, pak_space_mounts, pak_space_processes, pak_space_ipc,
	pak_space_host_name, pak_space_network;

/* mount(2)'s flags. */
extern const uint64_t pak_mount_nosuid, pak_mount_nodev, pak_mount_noexec, pak_mount_read_only;

/* Makes this process the parent of the orphans below it. Returns 0, or -1 with errno. */
int pak_adopt_orphans(void);

/* Whether a set-id program has this process's children gain anything. */
int pak_may_gain_rights(void);

/* Has no core file written of this process. */
void pak_leave_no_core(void);

/* The calling thread's blocked signals, and those that are not ignored in this process. */
void pak_signals_found(sigset_t *blocked, sigset_t *not_ignored);

/* A signal of the set as signalfd(2) tells it: its number, or 0 with errno when there is none;
 * *by_process: whether a process sent it, rather than the kernel or a terminal. */
int pak_signal_descriptor(const sigset_t *set);
int pak_signal_read(int descriptor, int *by_process);

/* How a stop of this process has gone. */
enum pak_stop {
	PAK_STOP_NONE,    /* there is something to be read first */
	PAK_STOP_OVER,    /* nobody asked for its end, or the group is orphaned and there was none */
	PAK_STOP_RESUMED, /* a process has continued this one */
};

/* Stops this process by SIGTSTP, SIGTTIN or SIGTTOU, until it is continued or there is something to
 * be read from the socket. The calling thread has blocked that signal and SIGCONT, and all others
 * have. */
enum pak_stop pak_stop_until(int number, int socket);

#endif
