#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define NATIVE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE 0 /* none is answered */
#endif

/* What a call asks, and where its arguments are. The older calls are not there on aarch64. */
enum asks { OWN_PATH, OWN_LINK, OWN_OPEN, OWN_AT, MAKE_PATH, MAKE_AT, IDENTITY_1, IDENTITY_2, IDENTITY_3,
	GROUPS };

static const struct call {
	int number;
	enum asks asks;
	uint32_t family;
} calls[] = {
#ifdef SYS_chown
	{ SYS_chown, OWN_PATH, PAK_ANSWER_OWNERS },
	{ SYS_lchown, OWN_LINK, PAK_ANSWER_OWNERS },
	{ SYS_mknod, MAKE_PATH, PAK_ANSWER_DEVICES },
#endif
	{ SYS_fchown, OWN_OPEN, PAK_ANSWER_OWNERS },
	{ SYS_fchownat, OWN_AT, PAK_ANSWER_OWNERS },
	{ SYS_mknodat, MAKE_AT, PAK_ANSWER_DEVICES },
	{ SYS_setuid, IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setgid, IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setreuid, IDENTITY_2, PAK_ANSWER_IDENTITIES },
	{ SYS_setregid, IDENTITY_2, PAK_ANSWER_IDENTITIES },
	{ SYS_setresuid, IDENTITY_3, PAK_ANSWER_IDENTITIES },
	{ SYS_setresgid, IDENTITY_3, PAK_ANSWER_IDENTITIES },
	{ SYS_setfsuid, IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setfsgid, IDENTITY_1, PAK_ANSWER_IDENTITIES },
	{ SYS_setgroups, GROUPS, PAK_ANSWER_IDENTITIES },
};
enum { CALL_COUNT = sizeof calls / sizeof *calls };

int view_listen_to_calls(uint32_t answered)
{
	struct sock_filter code[CALL_COUNT + 8];
	unsigned count = 0, asked = 0;
	if (NATIVE == 0) {
		errno = ENOSYS;
		return -1;
	}
	for (int i = 0; i < CALL_COUNT; i++)
		asked += (calls[i].family & answered) != 0;
	code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, arch));
	code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	for (int i = 0; i < CALL_COUNT; i++)
		if (calls[i].family & answered) {
			code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				(unsigned)calls[i].number, (uint8_t)asked, 0);
			asked--;
		}
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
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

/* The process that answers: root of the view's users, in a root and a directory that it changes to
 * the caller's for each path. */
struct answerer {
	int listener, starter, proc;
	const struct view_keeper *keeper;
	dev_t devices[VIEW_FUSE_LIMIT];
	int has_devices;
};

/* Opens proc's entry of a process, such as "cwd", or "fd/" and a number. */
static int open_of(const struct answerer *self, uint32_t pid, const char *name, int number, int flags)
{
	char path[64];
	size_t at = view_decimal(path, pid);
	path[at++] = '/';
	size_t length = strlen(name);
	memcpy(path + at, name, length);
	at += length;
	if (number >= 0)
		at += view_decimal(path + at, (uint64_t)number);
	path[at] = 0;
	return openat(self->proc, path, flags | O_CLOEXEC);
}

/* Copies a path out of the caller's memory. Returns 0, or an errno. */
static int copy_path(const struct answerer *self, uint32_t pid, uint64_t address, char path[PATH_MAX])
{
	int memory = open_of(self, pid, "mem", -1, O_RDONLY);
	if (memory < 0)
		return ESRCH;
	int result = ENAMETOOLONG;
	for (size_t have = 0; have < PATH_MAX;) {
		/* No further than the page ends: the next may not be there. */
		size_t want = 4096 - (address + have) % 4096;
		if (want > PATH_MAX - have)
			want = PATH_MAX - have;
		ssize_t got = pread(memory, path + have, want, (off_t)(address + have));
		if (got <= 0) {
			result = EFAULT;
			break;
		}
		if (memchr(path + have, 0, (size_t)got) != NULL) {
			result = 0;
			break;
		}
		have += (size_t)got;
	}
	close(memory);
	return result;
}

/* What names the reader of /proc means the caller. */
static void rename_self(char path[PATH_MAX], uint32_t pid)
{
	static const struct {
		const char *from, *to;
	} table[] = {
		{ "/proc/self/", "/" }, { "/proc/thread-self/", "/" }, { "/dev/fd/", "/fd/" },
		{ "/dev/stdin", "/fd/0" }, { "/dev/stdout", "/fd/1" }, { "/dev/stderr", "/fd/2" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t from = strlen(table[i].from), to = strlen(table[i].to), length = strlen(path);
		char head[32] = "/proc/";
		if (strncmp(path, table[i].from, from) != 0
			|| (table[i].from[from - 1] != '/' && path[from] != 0))
			continue;
		size_t at = 6 + view_decimal(head + 6, pid);
		memcpy(head + at, table[i].to, to);
		at += to;
		if (at + length - from >= PATH_MAX)
			return;
		memmove(path + at, path + from, length - from + 1);
		memcpy(path, head, at);
		return;
	}
}

/* Stands where the caller stands: its root, and the directory that a path counts from. Returns 0,
 * or an errno. */
static int stand(const struct answerer *self, uint32_t pid, int from)
{
	int root = open_of(self, pid, "root", -1, O_PATH | O_DIRECTORY);
	if (root < 0)
		return ESRCH;
	int failed = fchdir(root) != 0 || chroot(".") != 0;
	close(root);
	if (failed)
		return EPERM;
	int directory = from == AT_FDCWD ? open_of(self, pid, "cwd", -1, O_PATH)
		: from < 0 ? -1 : open_of(self, pid, "fd/", from, O_PATH);
	if (directory < 0)
		return from == AT_FDCWD ? ESRCH : EBADF;
	failed = fchdir(directory) != 0 ? errno : 0;
	close(directory);
	return failed;
}

static int is_valid(const struct answerer *self, uint64_t id)
{
	return ioctl(self->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* Opens the file that an owner is wanted for. Returns a descriptor, or -errno. */
static int open_owned(const struct answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, int flags)
{
	char path[PATH_MAX];
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int failed = copy_path(self, asked->pid, address, path);
	if (failed == 0 && path[0] == 0) {
		if (!(flags & AT_EMPTY_PATH))
			return -ENOENT;
		int fd = from == AT_FDCWD ? open_of(self, asked->pid, "cwd", -1, O_PATH)
			: from < 0 ? -1 : open_of(self, asked->pid, "fd/", from, O_PATH);
		return fd < 0 ? -EBADF : fd;
	}
	if (failed == 0)
		failed = stand(self, asked->pid, path[0] == '/' ? AT_FDCWD : from);
	if (failed != 0)
		return -failed;
	/* Else what was read and opened may be another process's of the same number. */
	if (!is_valid(self, asked->id))
		return -ESRCH;
	rename_self(path, asked->pid);
	int fd = open(path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	return fd < 0 ? -errno : fd;
}

/* Which of the view's FUSE mounts a file is of; -1 for none. */
static int mount_of(struct answerer *self, const struct stat *st)
{
	struct stat root;
	/* Not before the first question: then they are served. */
	if (!self->has_devices)
		for (int i = 0; i < self->keeper->fuse_count; i++)
			self->devices[i] = fstat(self->keeper->fuse[i], &root) == 0 ? root.st_dev : 0;
	self->has_devices = 1;
	for (int i = 0; i < self->keeper->fuse_count; i++)
		if (self->devices[i] != 0 && self->devices[i] == st->st_dev)
			return i;
	return -1;
}

static int ask_starter(const struct answerer *self, struct pak_asked *question)
{
	struct pak_answered answer;
	int descriptor;
	if (send(self->starter, question, sizeof *question, MSG_NOSIGNAL) < 0)
		return EIO;
	if (pak_view_receive(self->starter, &answer, sizeof answer, &descriptor) != sizeof answer)
		_exit(0); /* The starter is gone, and the view with it. */
	return answer.id == question->id ? answer.number : EIO;
}

static int answer_owner(struct answerer *self, const struct seccomp_notif *asked, int fd,
	uint32_t uid, uint32_t gid)
{
	struct stat st;
	struct statvfs fs;
	int number = 0;
	if (fd < 0)
		return -fd;
	if (fstat(fd, &st) != 0)
		number = errno;
	else if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		number = EROFS;
	else {
		struct pak_asked question;
		memset(&question, 0, sizeof question);
		question.id = asked->id;
		question.inode = st.st_ino;
		question.mount = mount_of(self, &st);
		question.uid = uid;
		question.gid = gid;
		/* Elsewhere an owner is accepted and forgotten. */
		if (question.mount >= 0)
			number = ask_starter(self, &question);
	}
	close(fd);
	return number;
}

/* The permissions that the caller's umask takes away. */
static uint32_t umask_of(const struct answerer *self, uint32_t pid)
{
	char text[1024];
	int fd = open_of(self, pid, "status", -1, O_RDONLY);
	ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (count <= 0)
		return 022;
	text[count] = 0;
	const char *at = strstr(text, "\nUmask:");
	if (at == NULL)
		return 022;
	uint32_t mask = 0;
	for (at += 7; *at == '\t' || *at == ' '; at++) {}
	for (; *at >= '0' && *at <= '7'; at++)
		mask = mask << 3 | (uint32_t)(*at - '0');
	return mask & 0777;
}

static int answer_device(struct answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, uint32_t mode, uint64_t device)
{
	char path[PATH_MAX];
	struct pak_asked question;
	struct stat st, there;
	int failed = copy_path(self, asked->pid, address, path);
	if (failed == 0 && path[0] == 0)
		failed = ENOENT;
	if (failed == 0)
		failed = stand(self, asked->pid, path[0] == '/' ? AT_FDCWD : from);
	if (failed != 0)
		return failed;
	if (!is_valid(self, asked->id))
		return ESRCH;
	rename_self(path, asked->pid);
	memset(&question, 0, sizeof question);
	char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t length = strlen(name);
	if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return lstat(path, &st) == 0 ? EEXIST : errno;
	if (length >= sizeof question.name)
		return ENAMETOOLONG;
	memcpy(question.name, name, length);
	if (slash != NULL)
		slash[slash == path ? 1 : 0] = 0;
	int folder = open(slash == NULL ? "." : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno;
	mode &= ~umask_of(self, asked->pid);
	if (fstat(folder, &st) != 0)
		failed = errno;
	else if ((question.mount = mount_of(self, &st)) < 0)
		/* As fakeroot(1) does, where nothing remembers a device. */
		failed = mknodat(folder, question.name, S_IFREG | (mode & 07777), 0) != 0 ? errno : 0;
	else if (fstatat(folder, question.name, &there, AT_SYMLINK_NOFOLLOW) == 0)
		failed = EEXIST;
	else {
		struct statvfs fs;
		question.id = asked->id;
		question.inode = st.st_ino;
		question.is_device = 1;
		question.mode = mode;
		question.device = device;
		failed = fstatvfs(folder, &fs) == 0 && (fs.f_flag & ST_RDONLY) ? EROFS
			: ask_starter(self, &question);
	}
	close(folder);
	return failed;
}

/* Answers a call: 0 or an errno, or -1 when the kernel shall do it. */
static int answer(struct answerer *self, const struct seccomp_notif *asked)
{
	const __u64 *a = asked->data.args;
	const struct call *call = NULL;
	for (int i = 0; i < CALL_COUNT; i++)
		if (calls[i].number == asked->data.nr)
			call = &calls[i];
	if (call == NULL)
		return -1;
	switch (call->asks) {
	case OWN_PATH:
	case OWN_LINK:
		return answer_owner(self, asked,
			open_owned(self, asked, AT_FDCWD, a[0], call->asks == OWN_LINK ? AT_SYMLINK_NOFOLLOW : 0),
			(uint32_t)a[1], (uint32_t)a[2]);
	case OWN_OPEN: {
		int fd = (int)a[0] < 0 ? -1 : open_of(self, asked->pid, "fd/", (int)a[0], O_PATH);
		if (fd >= 0 && !is_valid(self, asked->id)) {
			close(fd);
			return ESRCH;
		}
		return answer_owner(self, asked, fd < 0 ? -EBADF : fd, (uint32_t)a[1], (uint32_t)a[2]);
	}
	case OWN_AT:
		return answer_owner(self, asked, open_owned(self, asked, (int)a[0], a[1], (int)a[4]),
			(uint32_t)a[2], (uint32_t)a[3]);
	case MAKE_PATH:
	case MAKE_AT: {
		int by_path = call->asks == MAKE_PATH;
		uint32_t mode = (uint32_t)a[by_path ? 1 : 2];
		if (!S_ISCHR(mode) && !S_ISBLK(mode))
			return -1;
		return answer_device(self, asked, by_path ? AT_FDCWD : (int)a[0], a[by_path ? 0 : 1], mode,
			a[by_path ? 2 : 3]);
	}
	case IDENTITY_1:
	case IDENTITY_2:
	case IDENTITY_3: {
		/* The one id that the view has is the kernel's to take; any other is pretended. */
		int count = call->asks - IDENTITY_1 + 1;
		for (int i = 0; i < count; i++)
			if ((uint32_t)a[i] != 0 && (uint32_t)a[i] != UINT32_MAX)
				return 0;
		return -1;
	}
	case GROUPS:
		return 0;
	}
	return -1;
}

_Noreturn void view_answer(int listener_socket, const struct pak_view *view,
	const struct view_keeper *keeper)
{
	struct pak_saying_packet packet;
	struct answerer self;
	union {
		struct seccomp_notif asked;
		char room[1024];
	} in;
	union {
		struct seccomp_notif_resp answer;
		char room[1024];
	} out;
	memset(&self, 0, sizeof self);
	self.starter = view->answers;
	self.keeper = keeper;
	prctl(PR_SET_NAME, "pak-answers");
	umask(0);
	self.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (pak_view_receive(listener_socket, &packet, sizeof packet, &self.listener) != sizeof packet
		|| self.listener < 0)
		_exit(0);
	close(listener_socket);
	for (;;) {
		/* The kernel takes none but an empty one. */
		memset(&in, 0, sizeof in);
		memset(&out, 0, sizeof out);
		if (ioctl(self.listener, SECCOMP_IOCTL_NOTIF_RECV, &in.asked) != 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(0);
		}
		int number = self.proc < 0 ? EPERM : answer(&self, &in.asked);
		out.answer.id = in.asked.id;
		if (number < 0)
			out.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else
			out.answer.error = -number;
		/* ENOENT: the caller is gone. */
		ioctl(self.listener, SECCOMP_IOCTL_NOTIF_SEND, &out.answer);
	}
}
