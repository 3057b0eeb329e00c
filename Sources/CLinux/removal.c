#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEEPEST = 32 };

struct entry {
	uint64_t inode, next;
	uint16_t length;
	unsigned char type;
	char name[];
};

static char path[PATH_MAX];
static pid_t owner;

/* By no more than a handler may call. */
static void take_away(int folder, const char *name, int depth)
{
	_Alignas(struct entry) char room[4096];
	if (unlinkat(folder, name, 0) == 0 || depth == DEEPEST)
		return;
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	/* What is taken away meanwhile may move what is yet to be listed. */
	int rounds = 0;
	do {
		lseek(fd, 0, SEEK_SET);
		for (;;) {
			long count = syscall(SYS_getdents64, fd, room, sizeof room);
			if (count <= 0)
				break;
			for (long at = 0; at < count;) {
				struct entry *entry = (struct entry *)(room + at);
				at += entry->length;
				if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
					take_away(fd, entry->name, depth + 1);
			}
		}
	} while (unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno == ENOTEMPTY && ++rounds < 8);
	close(fd);
}

static void take_away_and_end(int number)
{
	struct sigaction plain;
	/* Not in what this process has started, before that is another program. */
	if (getpid() == owner && path[0] != 0)
		take_away(AT_FDCWD, path, 0);
	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	sigaction(number, &plain, NULL);
	/* It comes when this returns. */
	raise(number);
}

void pak_remove_at_signal(const char *folder)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2 };
	struct sigaction action, before;
	sigset_t every, mask;
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &mask);
	path[0] = 0;
	if (folder != NULL && strlen(folder) < sizeof path) {
		strcpy(path, folder);
		owner = getpid();
	}
	memset(&action, 0, sizeof action);
	action.sa_handler = take_away_and_end;
	action.sa_mask = every;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (path[0] != 0 && sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}
