#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the child: what a shell's child has. Returns only when the program cannot be run. */
static void become(const char *const *words, char *const *environment, int input, int complaints,
	int apart, int kept)
{
	/* What our programs ignore is their own affair, as is what they block. */
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGIO };
	sigset_t none;
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_DFL);
	if (input == 0)
		fcntl(0, F_SETFD, 0);
	else if (input > 0 && dup2(input, 0) < 0)
		return;
	if (complaints >= 0 && dup2(complaints, 2) < 0)
		return;
	if (kept >= 0)
		fcntl(kept, F_SETFD, 0);
	if (apart && setpgid(0, 0) != 0)
		return;
	pak_restore_descriptors();
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	execvpe(words[0], (char *const *)words, environment == NULL ? environ : environment);
}

/* A pipe of which neither end is a number that the child's own descriptors have. */
static int make_pipe(int ends[2])
{
	int made[2];
	if (pipe2(made, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++)
		ends[i] = made[i] > 2 ? made[i] : fcntl(made[i], F_DUPFD_CLOEXEC, 3);
	int saved = errno;
	for (int i = 0; i < 2; i++)
		if (ends[i] != made[i])
			close(made[i]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	errno = saved;
	return -1;
}

/* Not posix_spawn(3), which sets no limits. */
pid_t pak_spawn(const char *const *words, char *const *environment, int input, int *complaints,
	int apart, int kept)
{
	int ends[2] = { -1, -1 }, said[2];
	if (make_pipe(said) != 0)
		return -1;
	if (complaints != NULL && make_pipe(ends) != 0) {
		int saved = errno;
		close(said[0]);
		close(said[1]);
		errno = saved;
		return -1;
	}
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid_t child = _Fork();
	if (child == 0) {
		become(words, environment, input, ends[1], apart, kept);
		int number = errno;
		_exit(write(said[1], &number, sizeof number) == sizeof number ? 127 : 126);
	}
	int failed = child < 0 ? errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(said[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	ssize_t got = 0;
	while (child > 0 && (got = read(said[0], &failed, sizeof failed)) < 0 && errno == EINTR) {}
	close(said[0]);
	if (child > 0 && got == (ssize_t)sizeof failed)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
	else if (child > 0)
		failed = 0;
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

/* Whether there is something at a descriptor before a time, which is none where it is NULL. */
static int comes_by(int fd, const struct timespec *end)
{
	for (;;) {
		struct pollfd ready = { fd, POLLIN, 0 };
		struct timespec now;
		int64_t left = -1;
		if (end != NULL) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			left = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
			if (left <= 0)
				return 0;
		}
		int count = poll(&ready, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (count >= 0 || errno != EINTR)
			return count != 0;
	}
}

int pak_reap(pid_t child, int complaints, char *text, size_t size, int seconds)
{
	struct timespec until, *end = seconds >= 0 ? &until : NULL;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	size_t have = 0;
	char rest[256];
	int is_late = 0;
	while (complaints >= 0) {
		is_late = !comes_by(complaints, end);
		if (is_late)
			break;
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
	int ended = end != NULL && !is_late ? (int)syscall(SYS_pidfd_open, child, 0) : -1;
	if (ended >= 0) {
		is_late = !comes_by(ended, end);
		close(ended);
	}
	if (is_late)
		kill(child, SIGKILL);
	int status = 0;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (!is_late)
		return status;
	errno = ETIMEDOUT;
	return -1;
}
