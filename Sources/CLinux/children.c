#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent of a process, 0 when it cannot be told: the second field behind the name, which may have
 * anything in it. */
static pid_t parent_of(int proc, const char *number)
{
	char path[32], text[512];
	size_t length = strlen(number);
	if (length > sizeof path - 6)
		return 0;
	memcpy(path, number, length);
	memcpy(path + length, "/stat", 6);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (count <= 0)
		return 0;
	text[count] = 0;
	const char *at = strrchr(text, ')');
	if (at == NULL || strlen(at) < 5)
		return 0;
	pid_t parent = 0;
	for (at += 4; *at >= '0' && *at <= '9'; at++)
		parent = parent * 10 + (*at - '0');
	return parent;
}

int pak_is_below(pid_t pid, pid_t ancestor)
{
	char number[16];
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (pid > 1 && pid != ancestor) {
		snprintf(number, sizeof number, "%d", (int)pid);
		pid = parent_of(proc, number);
	}
	if (proc >= 0)
		close(proc);
	return pid == ancestor;
}

static void kill_listed(int list)
{
	char room[4096];
	if (lseek(list, 0, SEEK_SET) != 0)
		return;
	for (pid_t pid = 0;;) {
		ssize_t count = read(list, room, sizeof room);
		if (count <= 0)
			return;
		for (ssize_t i = 0; i < count; i++)
			if (room[i] >= '0' && room[i] <= '9')
				pid = pid * 10 + (room[i] - '0');
			else if (pid != 0) {
				kill(pid, SIGKILL);
				pid = 0;
			}
	}
}

static void kill_child(void *proc, const char *name)
{
	pid_t pid = 0;
	for (const char *c = name; *c >= '0' && *c <= '9'; c++)
		pid = pid * 10 + (*c - '0');
	if (pid > 1 && parent_of(*(int *)proc, name) == getpid())
		kill(pid, SIGKILL);
}

void pak_end_children(int list, int proc)
{
	for (;;) {
		pid_t ended;
		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {}
		if (ended < 0 && errno != EINTR)
			return;
		/* Each that ends may leave others behind, which then are this process's. */
		if (list >= 0)
			kill_listed(list);
		else if (proc >= 0)
			pak_each_name(proc, kill_child, &proc);
		while (waitpid(-1, NULL, 0) < 0)
			if (errno != EINTR)
				return;
	}
}
