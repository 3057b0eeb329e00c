#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Makes a file the user's own before the kernel does what is asked with it: -1, or an errno. */
static int answer_change(struct view_answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, int flags, int empty)
{
	int fd = view_open_asked(self, asked, from, address, flags);
	if (fd < 0)
		return -1;
	int failed = view_make_own(self, fd, empty);
	close(fd);
	return failed == 0 ? -1 : failed;
}

/* The same for a file that the caller has open: what is asked is done to what has taken its place. */
static int answer_open_change(struct view_answerer *self, const struct seccomp_notif *asked,
	int number, uint32_t mode, const struct timespec *times)
{
	struct stat st;
	char mark;
	int fd = number < 0 ? -1 : view_open_of(self, asked->pid, "fd/", number, O_PATH);
	if (fd < 0)
		return -1;
	int failed = -1;
	if (view_is_others(self, fd, &st) && S_ISREG(st.st_mode)
		&& view_stand(self, asked->pid, AT_FDCWD) == 0 && view_is_valid(self, asked->id)
		&& (failed = view_make_own(self, fd, 0)) == 0) {
		int file = view_open_again(self, fd, O_RDONLY | O_NONBLOCK);
		failed = -1;
		if (file >= 0 && fgetxattr(file, PAK_MARK_COPY, &mark, 1) == 1)
			failed = (times != NULL ? futimens(file, times) : fchmod(file, mode)) != 0 ? errno : 0;
		if (file >= 0)
			close(file);
	}
	close(fd);
	return failed;
}

static int answer_times(struct view_answerer *self, const struct seccomp_notif *asked)
{
	const __u64 *a = asked->data.args;
	struct timespec times[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	if (a[1] != 0)
		return answer_change(self, asked, (int)a[0], a[1], (int)a[3], 0);
	if (a[2] != 0 && view_copy_memory(self, asked->pid, a[2], times, sizeof times) != 0)
		return -1;
	return answer_open_change(self, asked, (int)a[0], 0, times);
}

int view_answer_change(struct view_answerer *self, const struct seccomp_notif *asked,
	enum view_asks asks, int by_root)
{
	const __u64 *a = asked->data.args;
	uint64_t flags;
	switch (asks) {
	case VIEW_OPEN_PATH:
	case VIEW_OPEN_AT: {
		int at = asks == VIEW_OPEN_AT;
		int how = (int)a[at + 1];
		return how & O_PATH ? -1 : answer_change(self, asked, at ? (int)a[0] : AT_FDCWD, a[at],
			how & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0, by_root && how & O_TRUNC);
	}
	case VIEW_OPEN_HOW:
		/* It begins with the flags. */
		if (view_copy_memory(self, asked->pid, a[2], &flags, sizeof flags) != 0
			|| flags & (O_PATH | O_EXCL) || !(flags & (O_WRONLY | O_RDWR | O_TRUNC)))
			return -1;
		return answer_change(self, asked, (int)a[0], a[1],
			flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0, 0);
	case VIEW_CREATE_PATH: return answer_change(self, asked, AT_FDCWD, a[0], 0, by_root);
	case VIEW_CHANGE_PATH: return answer_change(self, asked, AT_FDCWD, a[0], 0, 0);
	case VIEW_CHANGE_LINK:
	case VIEW_NAME_PATH: return answer_change(self, asked, AT_FDCWD, a[0], AT_SYMLINK_NOFOLLOW, 0);
	case VIEW_CHANGE_AT: return answer_change(self, asked, (int)a[0], a[1], 0, 0);
	case VIEW_CHANGE_FLAGS: return answer_change(self, asked, (int)a[0], a[1], (int)a[3], 0);
	case VIEW_CHANGE_OPEN:
		return by_root ? answer_open_change(self, asked, (int)a[0], (uint32_t)a[1], NULL) : -1;
	case VIEW_TIMES_AT: return by_root || a[1] != 0 ? answer_times(self, asked) : -1;
	case VIEW_NAME_AT: return answer_change(self, asked, (int)a[0], a[1], AT_SYMLINK_NOFOLLOW, 0);
	case VIEW_EXCHANGE_AT: {
		int failed = answer_change(self, asked, (int)a[0], a[1], AT_SYMLINK_NOFOLLOW, 0);
		return failed < 0 && a[4] & RENAME_EXCHANGE
			? answer_change(self, asked, (int)a[2], a[3], AT_SYMLINK_NOFOLLOW, 0) : failed;
	}
	case VIEW_LINK_AT:
		return answer_change(self, asked, (int)a[0], a[1],
			(a[4] & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) | (int)(a[4] & AT_EMPTY_PATH), 0);
	default: return -1;
	}
}
