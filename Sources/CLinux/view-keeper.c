#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int view_drop_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	if (kept == UINT64_MAX)
		return 0;
	for (int cap = 0; cap < 64; cap++)
		if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
			if (errno == EINVAL)
				break;
			return -1;
		}
	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	for (int half = 0; half < 2; half++) {
		data[half].permitted &= (uint32_t)(kept >> 32 * half);
		data[half].effective = data[half].permitted;
		data[half].inheritable = 0;
	}
	/* What a kernel without it has nothing of cannot stay. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, data) != 0 ? -1 : 0;
}

/* What the process between vfork(2) and execve(2) leaves for the keeper, whose memory it shares. */
struct outcome {
	int directory; /* errno */
	int stage;     /* what failed before the program could be tried, with number */
	int number;    /* errno of the program */
	int exists;    /* whether there is such a file all the same */
};

static void restore_signals(const struct pak_view *view)
{
	struct sigaction action, plain;
	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL
			&& (action.sa_handler != SIG_IGN || sigismember(&view->defaulted, number) == 1))
			sigaction(number, &plain, NULL);
	sigprocmask(SIG_SETMASK, &view->mask, NULL);
}

/* As execvp(3), over paths that were put together before. Leaves an outcome only when it fails. */
static void execute(const struct pak_view *view, volatile struct outcome *outcome)
{
	static char shell[] = "/bin/sh";
	int found = ENOENT, exists = 0;
	for (char *const *path = view->candidates; *path != NULL; path++) {
		execve(*path, view->arguments, view->environment);
		int number = errno;
		if (number == ENOEXEC) {
			/* A script without a first line that says whose. */
			view->arguments[-1] = shell;
			view->arguments[0] = *path;
			execve(shell, view->arguments - 1, view->environment);
		} else if (access(*path, F_OK) != 0)
			continue; /* Nothing there, or nothing that can be known of. */
		if (!exists || number != EACCES) {
			found = number;
			exists = 1;
		}
		if (number != EACCES)
			break;
	}
	outcome->exists = exists;
	outcome->number = found;
}

static void become_command(const struct pak_view *view, pid_t keeper, int listener_socket,
	volatile struct outcome *outcome)
{
	outcome->directory = chdir(view->directory) != 0 ? errno : 0;
	if (outcome->directory != 0 && view->needs_directory) {
		outcome->stage = PAK_STAGE_DIRECTORY;
		outcome->number = outcome->directory;
		return;
	}
	outcome->stage = PAK_STAGE_PRIVILEGES;
	int listener = -1;
	if (view_drop_capabilities(view->capabilities) != 0
		|| prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
		|| prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
		outcome->number = errno;
		return;
	}
	if (getppid() != keeper)
		_exit(125);
	if (view->answered != 0) {
		outcome->stage = PAK_STAGE_ANSWERS;
		listener = view_listen_to_calls(view);
		if (listener < 0 || view_say(listener_socket, PAK_SAY_HANDED, 0, 0, listener) != 0) {
			outcome->number = errno;
			return;
		}
		close(listener);
	}
	outcome->stage = 0;
	pak_restore_descriptors();
	if (view->file_mask >= 0)
		umask((mode_t)view->file_mask);
	restore_signals(view);
	execute(view, outcome);
}

/* Ends with everything below: where the processes are the view's own, the kernel does it. The
 * command is 0 once it has been waited for: its number may be another's by then. */
static _Noreturn void end(const struct pak_view *view, const struct view_keeper *keeper, pid_t command)
{
	if (view->spaces & pak_space_processes)
		_exit(0);
	/* Nearly always there are no more. */
	if (command > 0)
		kill(command, SIGKILL);
	if (keeper->answerer > 0)
		kill(keeper->answerer, SIGKILL);
	if (command > 0 || keeper->answerer > 0)
		waitpid(command > 0 ? command : keeper->answerer, NULL, 0);
	pak_end_children(keeper->children, keeper->proc);
	_exit(0);
}

static void close_others(int a, int b, int c)
{
	int kept[3] = { a, b, c };
	unsigned from = 3;
	for (;;) {
		int next = -1;
		for (int i = 0; i < 3; i++)
			if (kept[i] >= (int)from && (next < 0 || kept[i] < next))
				next = kept[i];
		if (next < 0)
			break;
		if ((unsigned)next > from)
			close_range(from, (unsigned)next - 1, 0);
		from = (unsigned)next + 1;
	}
	close_range(from, ~0U, 0);
}

/* Takes in children, and ends with the command, whose status it tells, or where there will be no
 * answers to calls any more: what they were to change would be missing, and nobody told. */
static void take_in(const struct pak_view *view, struct view_keeper *keeper, pid_t command)
{
	int is_lost = 0;
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
		if (pid <= 0 && is_lost)
			end(view, keeper, command);
		if (pid <= 0)
			return;
		if (pid == keeper->answerer && (WIFEXITED(status) || WIFSIGNALED(status))) {
			keeper->answerer = 0;
			is_lost = 1;
		}
		if (pid != command)
			continue;
		if (WIFSTOPPED(status)) {
			keeper->is_stopped = 1;
			view_say(view->socket, PAK_SAY_STOPPED, ++keeper->stops, WSTOPSIG(status), -1);
		} else if (WIFCONTINUED(status)) {
			keeper->is_stopped = 0;
			view_say(view->socket, PAK_SAY_CONTINUED, 0, 0, -1);
		} else {
			if (!is_lost)
				view_say(view->socket, PAK_SAY_ENDED, 0, status, -1);
			end(view, keeper, 0);
		}
	}
}

/* Does to the command what the starter asks. */
static void pass_on(const struct pak_view *view, struct view_keeper *keeper, pid_t command,
	const struct pak_saying_packet *asked)
{
	int is_resumption = asked->saying == PAK_SAY_RESUME;
	if (!is_resumption && asked->saying != PAK_SAY_SIGNAL)
		return;
	/* A stop of the whole group was its, too. */
	if ((is_resumption || asked->number == SIGCONT) && keeper->answerer > 0)
		kill(keeper->answerer, SIGCONT);
	if (!is_resumption)
		kill(command, asked->number);
	/* What that has made of the command is said before. */
	take_in(view, keeper, command);
	if (!is_resumption)
		view_say(view->socket, PAK_SAY_PASSED, 0, 0, -1);
	else if (keeper->is_stopped && asked->at == keeper->stops)
		kill(command, SIGCONT);
}

static _Noreturn void loop(const struct pak_view *view, struct view_keeper *keeper,
	pid_t command, int signals)
{
	struct pollfd ready[2] = { { view->socket, POLLIN, 0 }, { signals, POLLIN, 0 } };
	for (;;) {
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[0].revents != 0) {
			struct pak_saying_packet packet;
			int descriptor;
			ssize_t got = pak_view_receive(view->socket, &packet, sizeof packet, &descriptor);
			if (descriptor >= 0)
				close(descriptor);
			if (got <= 0)
				end(view, keeper, command);
			if (got == sizeof packet)
				pass_on(view, keeper, command, &packet);
		}
		if (ready[1].revents != 0) {
			struct signalfd_siginfo told;
			if (read(signals, &told, sizeof told) > 0)
				take_in(view, keeper, command);
		}
	}
}

_Noreturn void view_keep(const struct pak_view *view, struct view_keeper *keeper)
{
	if (view->arguments == NULL) {
		if (view->answered != 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
				|| view_listen_to_calls(view) < 0))
			view_fail(view, PAK_STAGE_ANSWERS, errno);
		view_say(view->socket, PAK_SAY_STARTED, 0, 0, -1);
		_exit(0);
	}
	pid_t self = getpid();
	int pair[2] = { -1, -1 };
	if (view->answered != 0) {
		if (pak_view_sockets(pair) != 0)
			view_fail(view, PAK_STAGE_ANSWERS, errno);
		long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid < 0)
			view_fail(view, PAK_STAGE_ANSWERS, errno);
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			if (getppid() != self)
				_exit(125);
			close(pair[1]);
			close(view->socket);
			view_answer(pair[0], view, keeper);
		}
		close(pair[0]);
		keeper->answerer = (pid_t)pid;
	}
	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Even when all are stopped the view ends with its starter. */
	if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0
		|| prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0) != 0)
		view_fail(view, PAK_STAGE_COMMAND, errno);
	volatile struct outcome outcome;
	memset((void *)&outcome, 0, sizeof outcome);
	/* Else nobody could tell a command that was never tried from one that was killed at once. */
	view_say(view->socket, PAK_SAY_BEGINS, 0, 0, -1);
	pid_t command = vfork();
	if (command == 0) {
		become_command(view, self, pair[1], &outcome);
		_exit(127);
	}
	if (command < 0)
		view_fail(view, PAK_STAGE_COMMAND, errno);
	if (outcome.stage != 0)
		view_fail(view, outcome.stage, outcome.number);
	if (outcome.number != 0) {
		view_say(view->socket, PAK_SAY_REFUSED, outcome.exists, outcome.number, -1);
		end(view, keeper, command);
	}
	close_others(view->socket, signals, keeper->children >= 0 ? keeper->children : keeper->proc);
	/* Nothing but ending what runs as another of the view's users. */
	if (view->capabilities != UINT64_MAX)
		view_drop_capabilities(1u << CAP_KILL);
	view_say(view->socket, PAK_SAY_STARTED, 0, outcome.directory, -1);
	loop(view, keeper, command, signals);
}

int pak_adopt_orphans(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int pak_may_gain_rights(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}
