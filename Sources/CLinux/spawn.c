#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t pak_spawn(const char *const *words, char *const *environment, int input, int *complaints)
{
	/* What our programs ignore is their own affair, as is what they block. */
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGIO };
	int ends[2] = { -1, -1 };
	if (complaints != NULL && pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(&actions, input, 0);
	if (complaints != NULL)
		posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	sigset_t set;
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attributes, &set);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		sigaddset(&set, ignored[i]);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	pid_t child;
	int failed = posix_spawnp(&child, words[0], &actions, &attributes, (char *const *)words,
		environment == NULL ? environ : environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (ends[1] >= 0)
		close(ends[1]);
	if (failed != 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		errno = failed;
		return -1;
	}
	if (complaints != NULL)
		*complaints = ends[0];
	return child;
}

int pak_reap(pid_t child, int complaints, char *text, size_t size)
{
	size_t have = 0;
	char rest[256];
	while (complaints >= 0) {
		size_t room = have + 1 < size ? size - 1 - have : 0;
		ssize_t got = read(complaints, room > 0 ? text + have : rest, room > 0 ? room : sizeof rest);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (room > 0)
			have += (size_t)got;
	}
	if (complaints >= 0)
		close(complaints);
	while (have > 0 && text[have - 1] == '\n')
		have--;
	if (size > 0)
		text[have] = 0;
	int status = 0;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}
