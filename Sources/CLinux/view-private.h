/* Between the files of a view's first process: system calls alone, no memory, no locks. */
#ifndef VIEW_PRIVATE_H
#define VIEW_PRIVATE_H

#include "CLinux.h"

/* Sends a packet, and a descriptor unless it is -1. */
int view_say(int socket, int saying, int at, int number, int descriptor);

/* Writes a number in decimal, returns how many bytes that took. */
size_t view_decimal(char *to, uint64_t number);

/* Says what failed, and ends. */
_Noreturn void view_fail(const struct pak_view *view, int stage, int number);

/* What a view's first process has open. */
enum { VIEW_FUSE_LIMIT = 8 };
struct view_keeper {
	int children;              /* the list of its own, or -1 */
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

/* Has the calling thread's calls asked of a listener. Returns its descriptor, or -1 with errno. */
int view_listen_to_calls(uint32_t answered);

/* Answers those calls with the starter's help, as a process of its own; the listener comes by the
 * first socket. */
_Noreturn void view_answer(int listener_socket, const struct pak_view *view,
	const struct view_keeper *keeper);

#endif
