#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { DEEPEST = 32 };

static char path[PATH_MAX];
static pid_t owner;

struct place {
	int folder, depth;
};

/* By no more than a handler may call. */
static void take_away(void *from, const char *name)
{
	const struct place *place = from;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(place->folder, name, 0) == 0
		|| place->depth == DEEPEST)
		return;
	struct place within = { 0, place->depth + 1 };
	within.folder = openat(place->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (within.folder < 0)
		return;
	/* What is taken away meanwhile may move what is yet to be listed. */
	int rounds = 0;
	do
		pak_each_name(within.folder, take_away, &within);
	while (unlinkat(place->folder, name, AT_REMOVEDIR) != 0 && errno == ENOTEMPTY && ++rounds < 8);
	close(within.folder);
}

static void take_away_and_end(int number)
{
	struct sigaction plain;
	struct place top = { AT_FDCWD, 0 };
	/* Not in what this process has started, before that is another program. */
	if (getpid() == owner && path[0] != 0)
		take_away(&top, path);
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
