#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int view_open_of(const struct view_answerer *self, uint32_t pid, const char *name, int number,
	int flags)
{
	char path[64];
	size_t at = view_decimal(path, pid);
	path[at++] = '/';
	size_t length = strlen(name);
	memcpy(path + at, name, length);
	at += length;
	if (number >= 0)
		at += view_decimal(path + at, (uint64_t)number);
	path[at] = 0;
	return openat(self->proc, path, flags | O_CLOEXEC);
}

int view_copy_path(const struct view_answerer *self, uint32_t pid, uint64_t address,
	char path[PATH_MAX])
{
	int memory = view_open_of(self, pid, "mem", -1, O_RDONLY);
	if (memory < 0)
		return ESRCH;
	int result = ENAMETOOLONG;
	for (size_t have = 0; have < PATH_MAX;) {
		/* No further than the page ends: the next may not be there. */
		size_t want = 4096 - (address + have) % 4096;
		if (want > PATH_MAX - have)
			want = PATH_MAX - have;
		ssize_t got = pread(memory, path + have, want, (off_t)(address + have));
		if (got <= 0) {
			result = EFAULT;
			break;
		}
		if (memchr(path + have, 0, (size_t)got) != NULL) {
			result = 0;
			break;
		}
		have += (size_t)got;
	}
	close(memory);
	return result;
}

int view_copy_memory(const struct view_answerer *self, uint32_t pid, uint64_t address, void *to,
	size_t size)
{
	int memory = view_open_of(self, pid, "mem", -1, O_RDONLY);
	if (memory < 0)
		return ESRCH;
	ssize_t got = pread(memory, to, size, (off_t)address);
	close(memory);
	return got == (ssize_t)size ? 0 : EFAULT;
}

void view_rename_self(char path[PATH_MAX], uint32_t pid)
{
	static const struct {
		const char *from, *to;
	} table[] = {
		{ "/proc/self/", "/" }, { "/proc/thread-self/", "/" }, { "/dev/fd/", "/fd/" },
		{ "/dev/stdin", "/fd/0" }, { "/dev/stdout", "/fd/1" }, { "/dev/stderr", "/fd/2" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t from = strlen(table[i].from), to = strlen(table[i].to), length = strlen(path);
		char head[32] = "/proc/";
		if (strncmp(path, table[i].from, from) != 0
			|| (table[i].from[from - 1] != '/' && path[from] != 0))
			continue;
		size_t at = 6 + view_decimal(head + 6, pid);
		memcpy(head + at, table[i].to, to);
		at += to;
		if (at + length - from >= PATH_MAX)
			return;
		memmove(path + at, path + from, length - from + 1);
		memcpy(path, head, at);
		return;
	}
}

int view_stand(const struct view_answerer *self, uint32_t pid, int from)
{
	int root = view_open_of(self, pid, "root", -1, O_PATH | O_DIRECTORY);
	if (root < 0)
		return ESRCH;
	int failed = fchdir(root) != 0 || chroot(".") != 0;
	close(root);
	if (failed)
		return EPERM;
	int directory = from == AT_FDCWD ? view_open_of(self, pid, "cwd", -1, O_PATH)
		: from < 0 ? -1 : view_open_of(self, pid, "fd/", from, O_PATH);
	if (directory < 0)
		return from == AT_FDCWD ? ESRCH : EBADF;
	failed = fchdir(directory) != 0 ? errno : 0;
	close(directory);
	return failed;
}

int view_is_valid(const struct view_answerer *self, uint64_t id)
{
	return ioctl(self->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}
