#define _GNU_SOURCE
#include "CSteps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int changes(uint64_t call) {
	switch (call) {
	case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_pwritev2:
	case SYS_openat: case SYS_mkdirat: case SYS_unlinkat: case SYS_renameat2: case SYS_linkat:
	case SYS_symlinkat: case SYS_ftruncate: case SYS_truncate: case SYS_fallocate:
	case SYS_sendfile: case SYS_copy_file_range: case SYS_splice: case SYS_ioctl:
	case SYS_fchmod: case SYS_fchmodat: case SYS_utimensat: case SYS_fsync: case SYS_fdatasync:
	case SYS_msync:
#ifdef SYS_renameat
	case SYS_renameat:
#endif
#ifdef SYS_open
	case SYS_open: case SYS_creat: case SYS_mkdir: case SYS_rmdir: case SYS_unlink:
	case SYS_rename: case SYS_link: case SYS_symlink: case SYS_chmod:
#endif
		return 1;
	}
	return 0;
}

int steps_run(const char *path, char *const arguments[], char *const environment[],
	void (*step)(void *context), void *context) {
	pid_t first = fork();
	if (first < 0) return -1;
	if (first == 0) {
		int nothing = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++) dup2(nothing, i);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, 0);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(126);
		raise(SIGSTOP);
		execve(path, arguments, environment);
		_exit(127);
	}
	int status = 0;
	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status)) return -1;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE
		| PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	if (ptrace(PTRACE_SETOPTIONS, first, 0, options) != 0) {
		kill(first, SIGKILL);
		waitpid(first, &status, 0);
		return -1;
	}
	ptrace(PTRACE_SYSCALL, first, 0, 0);
	/* The call that each thread is in. */
	struct { pid_t thread; uint64_t call; } in[256] = { { 0, 0 } };
	for (;;) {
		pid_t thread = waitpid(-1, &status, __WALL | __WNOTHREAD);
		if (thread < 0 && errno == EINTR) continue;
		if (thread < 0) return -1;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (thread != first) continue;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		long forward = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			struct __ptrace_syscall_info info;
			int place = thread % 256;
			if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0) {
				if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
					in[place].thread = thread;
					in[place].call = info.entry.nr;
				} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && in[place].thread == thread
					&& changes(in[place].call)) {
					step(context);
				}
			}
		} else if (status >> 8 == (SIGTRAP | status >> 16 << 8) || WSTOPSIG(status) == SIGTRAP
			|| WSTOPSIG(status) == SIGSTOP) {
			/* A new thread, or its beginning. */
		} else {
			forward = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, thread, 0, forward);
	}
}
