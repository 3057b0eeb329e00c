#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void pak_leave_no_core(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void pak_signals_found(sigset_t *blocked, sigset_t *not_ignored)
{
	struct sigaction action;
	sigemptyset(not_ignored);
	pthread_sigmask(SIG_BLOCK, NULL, blocked);
	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(not_ignored, number);
}

int pak_signal_descriptor(const sigset_t *set)
{
	return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int pak_signal_read(int descriptor, int *by_process)
{
	struct signalfd_siginfo told;
	if (read(descriptor, &told, sizeof told) != sizeof told)
		return 0;
	*by_process = told.ssi_code <= 0;
	return (int)told.ssi_signo;
}

/* Takes a blocked signal that has come. Returns 0 when it has not, else whether a process sent it,
 * 1 or -1. */
static int take_signal(int number)
{
	struct timespec none = { 0, 0 };
	siginfo_t told;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	return sigtimedwait(&set, &told, &none) != number ? 0 : told.si_code <= 0 ? 1 : -1;
}

/* Whether the kernel ignores stops in this process's group: a child, which is of that group, tries
 * it. When it cannot be tried, or the group is orphaned a moment later, they are taken to work: then
 * a SIGCONT may be lost that comes at that moment. */
static int is_orphaned(int number)
{
	pid_t self = getpid();
	/* Not SIGCHLD: whoever waits for all children has nothing of this one, and it is waited for
	 * where that signal is ignored, too. */
	long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (child == 0) {
		struct sigaction plain;
		sigset_t stop, pending;
		memset(&plain, 0, sizeof plain);
		plain.sa_handler = SIG_DFL;
		sigaction(number, &plain, NULL);
		sigemptyset(&stop);
		sigaddset(&stop, number);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == self) {
			kill(getpid(), number);
			sigprocmask(SIG_UNBLOCK, &stop, NULL);
		}
		/* Whoever has continued the group has done so to the parent, too. */
		sigpending(&pending);
		_exit(sigismember(&pending, SIGCONT));
	}
	int status = 1;
	if (child < 0)
		return 0;
	while (waitpid((pid_t)child, &status, __WALL | WUNTRACED) < 0 && errno == EINTR) {}
	if (!WIFSTOPPED(status))
		return status == 0;
	kill((pid_t)child, SIGKILL);
	while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR) {}
	return 0;
}

/* The kernel keeps a stop and SIGCONT from being pending both: whichever comes takes the other back.
 * So the stop is sent first, and let in once there is nothing to be read; what can be read from then
 * on sends SIGCONT, which takes the stop back, or ends it. A SIGCONT that is there by then is lost to
 * the stop, which is over by the next one. Where there will be no stop none is tried, for it would
 * still take the SIGCONT back that is to continue the command. */
enum pak_stop pak_stop_until(int number, int socket)
{
	struct pollfd news = { socket, POLLIN, 0 };
	struct sigaction plain, before;
	sigset_t pending, stop;
	int flags = fcntl(socket, F_GETFL), is_let_in = 0;
	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	sigemptyset(&stop);
	sigaddset(&stop, number);
	sigpending(&pending);
	if (sigismember(&pending, SIGCONT))
		return PAK_STOP_NONE;
	if (is_orphaned(number) || flags < 0 || fcntl(socket, F_SETSIG, SIGCONT) != 0
		|| fcntl(socket, F_SETOWN, getpid()) != 0 || fcntl(socket, F_SETFL, flags | O_ASYNC) != 0)
		return PAK_STOP_OVER;
	sigaction(number, &plain, &before);
	sigpending(&pending);
	if (!sigismember(&pending, SIGCONT)) {
		pthread_kill(pthread_self(), number);
		is_let_in = poll(&news, 1, 0) == 0;
		if (is_let_in) {
			pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
			pthread_sigmask(SIG_BLOCK, &stop, NULL);
		} else
			take_signal(number);
	}
	sigaction(number, &before, NULL);
	fcntl(socket, F_SETFL, flags);
	if (!is_let_in)
		return PAK_STOP_NONE;
	return take_signal(SIGCONT) > 0 ? PAK_STOP_RESUMED : PAK_STOP_OVER;
}
