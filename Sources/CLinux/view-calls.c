#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define NATIVE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE 0 /* none is answered */
#endif

/* The older calls are not there on aarch64. */
static const struct call {
	int number;
	enum view_asks asks;
	uint32_t family;
	int flags; /* asked of only when these, counted from 1, are for writing */
} calls[] = {
#ifdef SYS_chown
	{ SYS_chown, VIEW_OWN_PATH, PAK_ANSWER_OWNERS },
	{ SYS_lchown, VIEW_OWN_LINK, PAK_ANSWER_OWNERS },
	{ SYS_mknod, VIEW_MAKE_PATH, PAK_ANSWER_DEVICES },
#endif
	{ SYS_fchown, VIEW_OWN_OPEN, PAK_ANSWER_OWNERS },
	{ SYS_fchownat, VIEW_OWN_AT, PAK_ANSWER_OWNERS },
	{ SYS_mknodat, VIEW_MAKE_AT, PAK_ANSWER_DEVICES },
	{ SYS_setuid, VIEW_IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setgid, VIEW_IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setreuid, VIEW_IDENTITY_2, PAK_ANSWER_IDENTITIES },
	{ SYS_setregid, VIEW_IDENTITY_2, PAK_ANSWER_IDENTITIES },
	{ SYS_setresuid, VIEW_IDENTITY_3, PAK_ANSWER_IDENTITIES },
	{ SYS_setresgid, VIEW_IDENTITY_3, PAK_ANSWER_IDENTITIES },
	{ SYS_setfsuid, VIEW_IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setfsgid, VIEW_IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setgroups, VIEW_GROUPS, PAK_ANSWER_IDENTITIES },
#ifdef SYS_open
	{ SYS_open, VIEW_OPEN_PATH, PAK_ANSWER_CHANGES, 2 },
	{ SYS_creat, VIEW_CREATE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_chmod, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_utime, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_utimes, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_futimesat, VIEW_CHANGE_AT, PAK_ANSWER_CHANGES },
	{ SYS_rename, VIEW_NAME_PATH, PAK_ANSWER_CHANGES },
	{ SYS_link, VIEW_NAME_PATH, PAK_ANSWER_CHANGES },
#endif
#ifdef SYS_renameat
	{ SYS_renameat, VIEW_NAME_AT, PAK_ANSWER_CHANGES },
#endif
#ifdef SYS_fchmodat2
	{ SYS_fchmodat2, VIEW_CHANGE_FLAGS, PAK_ANSWER_CHANGES },
#endif
	{ SYS_openat, VIEW_OPEN_AT, PAK_ANSWER_CHANGES, 3 },
	{ SYS_openat2, VIEW_OPEN_HOW, PAK_ANSWER_CHANGES },
	{ SYS_truncate, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_setxattr, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_removexattr, VIEW_CHANGE_PATH, PAK_ANSWER_CHANGES },
	{ SYS_lsetxattr, VIEW_CHANGE_LINK, PAK_ANSWER_CHANGES },
	{ SYS_lremovexattr, VIEW_CHANGE_LINK, PAK_ANSWER_CHANGES },
	{ SYS_fchmod, VIEW_CHANGE_OPEN, PAK_ANSWER_CHANGES },
	{ SYS_fchmodat, VIEW_CHANGE_AT, PAK_ANSWER_CHANGES },
	{ SYS_utimensat, VIEW_TIMES_AT, PAK_ANSWER_CHANGES },
	{ SYS_renameat2, VIEW_EXCHANGE_AT, PAK_ANSWER_CHANGES },
	{ SYS_linkat, VIEW_LINK_AT, PAK_ANSWER_CHANGES },
};
enum { CALL_COUNT = sizeof calls / sizeof *calls };

/* Asks of a call that gives a file to an owner whom the view does not have; the kernel does the
 * others. Returns how many instructions that took. */
static unsigned ask_of_strangers(struct sock_filter *code, const struct call *call,
	const struct pak_view *view)
{
	/* The lower halves, as below. */
	size_t first = call->asks == VIEW_OWN_AT ? 2 : 1;
	uint32_t user = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * first);
	struct sock_filter ask[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, user),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, view->last_user, 4, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, user + 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, view->last_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	memcpy(code, ask, sizeof ask);
	return sizeof ask / sizeof *ask;
}

int view_listen_to_calls(const struct pak_view *view)
{
	struct sock_filter code[9 * CALL_COUNT + 8];
	unsigned count = 0;
	if (NATIVE == 0) {
		errno = ENOSYS;
		return -1;
	}
	code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, arch));
	code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	for (int i = 0; i < CALL_COUNT; i++) {
		int flags = calls[i].flags;
		if (!(calls[i].family & view->answered)) {
			if (calls[i].family & PAK_ANSWER_OWNERS && view->answered & PAK_ANSWER_STRANGERS)
				count += ask_of_strangers(code + count, &calls[i], view);
			continue;
		}
		code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(unsigned)calls[i].number, 0, flags == 0 ? 1 : 5);
		if (flags != 0) {
			/* The lower half: both machines have that in front. What is made anew is its maker's. */
			code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				(uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)(flags - 1)));
			code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_EXCL, 1, 0);
			code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
				O_WRONLY | O_RDWR | O_TRUNC, 1, 0);
			code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		}
		code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { (unsigned short)count, code };
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
#ifdef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	/* A signal to the caller does not undo what is being answered. Kernels before 5.19 have none. */
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	if (fd >= 0 || errno != EINVAL)
		return (int)fd;
#endif
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

enum view_asks view_call_asks(int number)
{
	for (int i = 0; i < CALL_COUNT; i++)
		if (calls[i].number == number)
			return calls[i].asks;
	return VIEW_NOTHING;
}
