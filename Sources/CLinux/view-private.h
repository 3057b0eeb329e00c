/* Between the files of a view's first process: system calls alone, no memory, no locks. */
#ifndef VIEW_PRIVATE_H
#define VIEW_PRIVATE_H

#include "CLinux.h"

#include <limits.h>

/* Sends a packet, and a descriptor unless it is -1. Returns 0, or -1 with errno. */
int view_send(int socket, void *packet, size_t size, int descriptor);
int view_say(int socket, int saying, int at, int number, int descriptor);

/* Writes a number in decimal, returns how many bytes that took. */
size_t view_decimal(char *to, uint64_t number);

/* Says what failed, and ends. */
_Noreturn void view_fail(const struct pak_view *view, int stage, int number);

/* What a view's first process has open, and knows of its children. */
enum { VIEW_FUSE_LIMIT = 8 };
struct view_keeper {
	int children;              /* the kernel's list of its own, or -1 */
	int proc;                  /* where there is no list, the host's /proc, or -1 */
	pid_t answerer;            /* the child that answers calls, or 0 */
	int is_stopped;            /* the command, as far as is known */
	int stops;                 /* how often it has been */
	int fuse[VIEW_FUSE_LIMIT]; /* the roots of FUSE mounts, for those who answer calls */
	int fuse_count;
};

/* The steps, from a table of mounts just made to the view as root. Returns 0, or -1 after it has
 * said what failed. */
int view_build(const struct pak_view *view, struct view_keeper *keeper);

/* Starts the command; ends when there is nothing left of it. */
_Noreturn void view_keep(const struct pak_view *view, struct view_keeper *keeper);

/* Drops every capability but these, and what could bring one back. Returns 0, or -1. */
int view_drop_capabilities(uint64_t kept);

/* What a call asks that is answered, and so where its arguments are. */
enum view_asks {
	VIEW_NOTHING,
	VIEW_OWN_PATH, VIEW_OWN_LINK, VIEW_OWN_OPEN, VIEW_OWN_AT,
	VIEW_MAKE_PATH, VIEW_MAKE_AT,
	VIEW_IDENTITY_1, VIEW_IDENTITY_2, VIEW_IDENTITY_3, VIEW_GROUPS,
	/* Of the file at a path: */
	VIEW_OPEN_PATH, VIEW_OPEN_AT, VIEW_OPEN_HOW, VIEW_CREATE_PATH,
	VIEW_CHANGE_PATH, VIEW_CHANGE_LINK, VIEW_CHANGE_AT, VIEW_CHANGE_FLAGS, VIEW_CHANGE_OPEN,
	VIEW_TIMES_AT, VIEW_NAME_PATH, VIEW_NAME_AT, VIEW_EXCHANGE_AT, VIEW_LINK_AT,
};
enum view_asks view_call_asks(int number);

/* Has the calling thread's calls asked of a listener. Returns its descriptor, or -1 with errno. */
int view_listen_to_calls(const struct pak_view *view);

/* Answers those calls with the starter's help, as a process of its own; the listener comes by the
 * first socket. */
_Noreturn void view_answer(int listener_socket, const struct pak_view *view,
	const struct view_keeper *keeper);

/* The process that answers: root of the view's users, in a root and a directory that it changes to
 * the caller's for each path. */
struct view_answerer {
	int listener, starter, proc;
	const struct view_keeper *keeper;
	dev_t devices[VIEW_FUSE_LIMIT];
	int has_devices;
	int is_for_root; /* what root in the view alone may do is asked */
	int records; /* owners and devices are noted at files of an overlay */
	uint32_t last_user, last_group; /* that the view has; 0: there is root alone */
	uint32_t other_user, other_group; /* what stands for those whom the view does not have */
	int has_others;
};

/* Opens proc's entry of a process, such as "cwd", or "fd/" and a number. */
int view_open_of(const struct view_answerer *self, uint32_t pid, const char *name, int number,
	int flags);

/* Copies a path out of the caller's memory. Returns 0, or an errno. */
int view_copy_path(const struct view_answerer *self, uint32_t pid, uint64_t address,
	char path[PATH_MAX]);

/* Reads the caller's memory. Returns 0, or an errno. */
int view_copy_memory(const struct view_answerer *self, uint32_t pid, uint64_t address, void *to,
	size_t size);

/* What names the reader of /proc means the caller. */
void view_rename_self(char path[PATH_MAX], uint32_t pid);

/* Stands where the caller stands: its root, and the directory that a path counts from. Returns 0,
 * or an errno. */
int view_stand(const struct view_answerer *self, uint32_t pid, int from);

/* Whether the caller is still there: else what was read of it may be another's of its number. */
int view_is_valid(const struct view_answerer *self, uint64_t id);

/* Opens, O_PATH, the file that a call means. Returns a descriptor, or -errno. */
struct seccomp_notif;
int view_open_asked(const struct view_answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, int flags);

/* Answers a call that changes a file: 0 or an errno, or -1 when the kernel shall do it. Of one who is
 * not root no more is done than to make it possible. */
int view_answer_change(struct view_answerer *self, const struct seccomp_notif *asked,
	enum view_asks asks, int by_root);

/* Whether a file is of an owner whom the view does not have; st gets what it is. */
struct stat;
int view_is_others(struct view_answerer *self, int fd, struct stat *st);

/* Puts a copy of the user's own in the place of such a file, O_PATH, where that can be; with no bytes
 * when it is going to be empty. Returns 0, or an errno. */
int view_make_own(struct view_answerer *self, int fd, int empty);

/* Opens what has taken the place of a file. Returns a descriptor, or -1 with errno. */
int view_open_again(const struct view_answerer *self, int fd, int flags);

/* Asks the starter, with a descriptor unless it is -1. Returns 0, or an errno. */
int view_ask_starter(const struct view_answerer *self, struct pak_asked *question, int fd);

/* Notes at a file, O_PATH, whom it was given to, and gives it to him where the view has him. Returns 0,
 * or an errno. */
int view_record_owner(struct view_answerer *self, int fd, uint32_t uid, uint32_t gid);

/* Notes at an open file which device it stands for. */
void view_record_device(int file, uint32_t mode, uint64_t device);

#endif
