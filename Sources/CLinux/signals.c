#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
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

/* The kernel keeps a stop and SIGCONT from being pending both: whichever comes takes the other back.
 * So the stop is sent first, and let in once there is nothing to be read; what can be read from then
 * on sends SIGCONT, which takes the stop back, or ends it. */
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
	if (flags < 0 || fcntl(socket, F_SETSIG, SIGCONT) != 0 || fcntl(socket, F_SETOWN, getpid()) != 0
		|| fcntl(socket, F_SETFL, flags | O_ASYNC) != 0)
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
