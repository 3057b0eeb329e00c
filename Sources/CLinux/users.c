#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Files of a view's users are closed to the user who has made the view, outside of it. What is to be
 * done to them is done within, by a process that ends with that: system calls alone, no memory. */

/* No more names below a directory than are read back. */
enum { DEEPEST = 1100 };

static const char capabilities[] = "security.capability";

/* Gives a file to another, and leaves it what the kernel takes from it then, with some more bits. */
static int give(const char *name, const struct stat *st, uint32_t uid, uint32_t gid, uint32_t bits)
{
	char value[64];
	ssize_t size = S_ISREG(st->st_mode) ? lgetxattr(name, capabilities, value, sizeof value) : -1;
	if (lchown(name, uid, gid) != 0)
		return errno;
	bits |= st->st_mode & (S_ISUID | S_ISGID);
	if (!S_ISLNK(st->st_mode) && bits != 0 && chmod(name, (st->st_mode & 07777) | bits) != 0)
		return errno;
	return size > 0 && lsetxattr(name, capabilities, value, (size_t)size, 0) != 0 ? errno : 0;
}

static int take(const char *name, int *is_folder)
{
	struct stat st;
	char text[32];
	if (lstat(name, &st) != 0)
		return errno;
	*is_folder = S_ISDIR(st.st_mode);
	if (st.st_uid == 0 && st.st_gid == 0)
		return 0;
	size_t length = view_decimal(text, st.st_uid);
	text[length++] = ' ';
	length += view_decimal(text + length, st.st_gid);
	/* Where there is no room for it nobody has said whose it is. */
	lsetxattr(name, S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? PAK_MARK_TAKEN
		: PAK_MARK_TAKEN_OF_LINK, text, length, 0);
	return give(name, &st, 0, 0, 0);
}

/* Of the working directory. No descriptor stays open on the way down: there may be more directories
 * in one another than a process has those. */
static int take_all(int depth)
{
	static _Alignas(struct pak_entry) char room[4096];
	int64_t at = 0;
	for (;;) {
		int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ssize_t count = folder < 0 || lseek(folder, at, SEEK_SET) < 0 ? -1
			: pak_read_directory(folder, room, sizeof room);
		int failed = count < 0 ? errno : 0;
		if (folder >= 0)
			close(folder);
		if (count <= 0)
			return failed;
		for (ssize_t next = 0; next < count;) {
			struct pak_entry *entry = (struct pak_entry *)(room + next);
			const char *name = entry->name;
			int is_folder = 0;
			next += entry->length;
			at = entry->next;
			if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
				continue;
			failed = take(name, &is_folder);
			if (failed != 0)
				return failed;
			if (!is_folder || depth == DEEPEST)
				continue;
			failed = chdir(name) != 0 ? errno : take_all(depth + 1);
			if (failed == 0 && chdir("..") != 0)
				failed = errno;
			if (failed != 0)
				return failed;
			/* The room is of what was below. */
			break;
		}
	}
}

static int give_all(const struct pak_gift *files, size_t count)
{
	struct stat st;
	/* Links lead nowhere but within. */
	if (chroot(".") != 0)
		return errno;
	for (size_t i = 0; i < count; i++) {
		int failed = lstat(files[i].path, &st) != 0 ? errno
			: give(files[i].path, &st, files[i].uid, files[i].gid,
				files[i].bits);
		/* What the view hides is none of its files. */
		if (failed != 0 && failed != ENOENT && failed != ENOTDIR)
			return failed;
	}
	return 0;
}

/* Does it as root of a user namespace; `files` NULL: takes. */
static int within(int users, int folder, const struct pak_gift *files, size_t count)
{
	sigset_t all, before;
	pid_t self = getpid();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	/* As fork(2): setns(2) is not for a process with threads. */
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		if (setns(users, CLONE_NEWUSER) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0
			|| fchdir(folder) != 0)
			_exit(errno);
		if (getppid() != self)
			_exit(EIO);
		_exit(files != NULL ? give_all(files, count) : take_all(0));
	}
	int status = 0, number = pid < 0 ? errno : 0;
	while (pid > 0 && waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid > 0)
		number = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	errno = number;
	return number != 0 ? -1 : 0;
}

int pak_give_files(int users, int folder, const struct pak_gift *files, size_t count)
{
	return count == 0 ? 0 : within(users, folder, files, count);
}

int pak_take_files(int users, int folder)
{
	return within(users, folder, NULL, 0);
}
