#define _GNU_SOURCE
#include "CBackground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the word is awaited, in a copy that has not said it. */
static int waiting = -1;

static void await(pid_t copy, int end)
{
	char byte;
	ssize_t got;
	int status;
	do
		got = read(end, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		_exit(0);
	while (waitpid(copy, &status, 0) < 0)
		if (errno != EINTR)
			_exit(1);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int pak_leave_server(void)
{
	int ends[2], saved;
	if (waiting >= 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	/* What is missing of the standard descriptors is opened in main, for the copy to let go of. */
	pid_t copy = ends[0] > 2 && ends[1] > 2 ? fork() : (errno = EBADF, -1);
	if (copy > 0) {
		close(ends[1]);
		await(copy, ends[0]);
	}
	saved = errno;
	close(ends[0]);
	if (copy < 0) {
		close(ends[1]);
		errno = saved;
		return -1;
	}
	waiting = ends[1];
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		close(null);
	}
	return 0;
}

/* `mount`, paths of packages by -p, and a directory: whatever else there is may say that the command
 * serves by itself. */
static int is_plain_mount(int count, char *const *words)
{
	int places = 0;
	if (count < 2 || strcmp(words[1], "mount") != 0)
		return 0;
	for (int i = 2; i < count; i++) {
		if (strcmp(words[i], "-p") == 0 && i + 1 < count && words[i + 1][0] != '-')
			i++;
		else if (words[i][0] == '-')
			return 0;
		else
			places++;
	}
	return places == 1;
}

/* Before whatever else is done at a start. */
__attribute__((constructor(101))) static void begin(int count, char **words)
{
	/* One that fails is tried again, and told of, where its time would have been. */
	if (is_plain_mount(count, words))
		(void)pak_leave_server();
}

/* Signals that take the mount away, and what is to be taken away by them. */
static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
static char *place;
/* The mount that was made there, by the kernel's number; 0 where that cannot be told. */
static uint64_t made;
/* How often it was asked for while a process is at it, or after one did it: shared with that one. */
static atomic_uint *asked;

/* Said with no more than a handler may call. */
static void complain(const char *why)
{
	struct iovec words[] = {
		{ "pak: ", 5 }, { place, strlen(place) }, { ": ", 2 }, { (char *)why, strlen(why) }, { "\n", 1 },
	};
	ssize_t done = writev(2, words, sizeof words / sizeof *words);
	(void)done;
}

/* The mount that is on top at the place. Its server is not asked. */
static uint64_t mount_on_top(void)
{
	struct statx found;
	int flags = AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	if (statx(AT_FDCWD, place, flags, STATX_MNT_ID, &found) != 0 || !(found.stx_mask & STATX_MNT_ID))
		return 0;
	return found.stx_mnt_id;
}

static int take_away(void)
{
	int status = 0;
	uint64_t top = made == 0 ? 0 : mount_on_top();
	if (top != 0 && top != made) {
		complain("something else is mounted over it");
		return -1;
	}
	if (umount2(place, UMOUNT_NOFOLLOW | MNT_DETACH) == 0)
		return 0;
	if (errno != EPERM) {
		complain(strerrordesc_np(errno));
		return -1;
	}
	/* It says itself what is wrong. Signals stay blocked in it: another one that is sent to the
	 * whole group would leave the mount. */
	pid_t program = _Fork();
	if (program == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "--", place, (char *)NULL);
		complain("fusermount3 cannot be run");
		_exit(1);
	}
	while (program > 0 && waitpid(program, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return program > 0 && status == 0 ? 0 : -1;
}

/* Tries once more for what is asked meanwhile: whoever asks may have been told of the failure. */
static void take_away_as_asked(void)
{
	unsigned seen;
	do {
		seen = atomic_load(asked);
		if (take_away() == 0)
			return;
	} while (!atomic_compare_exchange_strong(asked, &seen, 0));
}

/* In a process of its own: what the kernel asks for when a mount goes is asked of this one, perhaps
 * of the very thread that has the signal. */
static void unmount(int number)
{
	int saved = errno, status;
	(void)number;
	if (atomic_fetch_add(asked, 1) != 0)
		return;
	pid_t child = _Fork();
	if (child == 0) {
		/* Whose child is nobody's to wait for. */
		pid_t other = _Fork();
		if (other != 0)
			_exit(other < 0);
		take_away_as_asked();
		_exit(0);
	}
	status = 1;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		atomic_store(asked, 0);
	errno = saved;
}

static void end_by_signals(void)
{
	struct sigaction action = { .sa_handler = unmount, .sa_flags = SA_RESTART }, old;
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		sigaddset(&set, ending[i]);
	action.sa_mask = set;
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		/* What whoever starts it has it ignore is ignored. */
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void pak_server_is_ready(void)
{
	char byte = 1;
	if (place != NULL) {
		made = mount_on_top();
		end_by_signals();
	}
	if (waiting < 0)
		return;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null >= 0 && i <= 2; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
	ssize_t done = chdir("/");
	done = write(waiting, &byte, 1);
	(void)done;
	close(waiting);
	waiting = -1;
}

int pak_unmount_at_end(const char *path)
{
	sigset_t set;
	void *shared = mmap(NULL, sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	asked = shared;
	place = strdup(path);
	if (place == NULL)
		return -1;
	if (waiting >= 0)
		setsid();
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		sigaddset(&set, ending[i]);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	return errno == 0 ? 0 : -1;
}
