#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int view_open_asked(const struct view_answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, int flags)
{
	char path[PATH_MAX];
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int failed = view_copy_path(self, asked->pid, address, path);
	if (failed == 0 && path[0] == 0) {
		if (!(flags & AT_EMPTY_PATH))
			return -ENOENT;
		int fd = from == AT_FDCWD ? view_open_of(self, asked->pid, "cwd", -1, O_PATH)
			: from < 0 ? -1 : view_open_of(self, asked->pid, "fd/", from, O_PATH);
		return fd < 0 ? -EBADF : fd;
	}
	if (failed == 0)
		failed = view_stand(self, asked->pid, path[0] == '/' ? AT_FDCWD : from);
	if (failed != 0)
		return -failed;
	/* Else what was read and opened may be another process's of the same number. */
	if (!view_is_valid(self, asked->id))
		return -ESRCH;
	view_rename_self(path, asked->pid);
	int fd = open(path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	return fd < 0 ? -errno : fd;
}

/* Which of the view's FUSE mounts a file is of; -1 for none. */
static int mount_of(struct view_answerer *self, const struct stat *st)
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

int view_ask_starter(const struct view_answerer *self, struct pak_asked *question, int fd)
{
	struct pak_answered answer;
	int descriptor;
	if (view_send(self->starter, question, sizeof *question, fd) != 0)
		return EIO;
	if (pak_view_receive(self->starter, &answer, sizeof answer, &descriptor) != sizeof answer)
		_exit(0); /* The starter is gone, and the view with it. */
	return answer.id == question->id ? answer.number : EIO;
}

static int answer_owner(struct view_answerer *self, const struct seccomp_notif *asked, int fd,
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
		question.asks = PAK_ASK_OWNER;
		question.inode = st.st_ino;
		question.mount = mount_of(self, &st);
		question.uid = uid;
		question.gid = gid;
		/* Elsewhere an owner is accepted and forgotten, unless it is noted at the file itself. */
		if (question.mount >= 0)
			number = view_ask_starter(self, &question, -1);
		else if (self->records)
			number = view_record_owner(self, fd, uid, gid);
	}
	close(fd);
	return number;
}

/* What follows a name in the caller's status, to the end of the line; "\nUmask:" is a name. Returns 0,
 * or -1. */
enum { STATUS_SIZE = 64 };
static int status_of(const struct view_answerer *self, uint32_t pid, const char *name,
	char text[STATUS_SIZE])
{
	char room[1024];
	size_t length = strlen(name), met = 0, have = 0;
	int fd = view_open_of(self, pid, "status", -1, O_RDONLY), is_done = 0;
	ssize_t count = 0;
	/* It has no end that could be told: a process may be of many groups. */
	while (fd >= 0 && !is_done && (count = read(fd, room, sizeof room)) > 0)
		for (ssize_t i = 0; i < count && !is_done; i++) {
			if (met < length)
				met = room[i] == name[met] ? met + 1 : room[i] == name[0];
			else if (room[i] == '\n' || have == STATUS_SIZE - 1)
				is_done = 1;
			else
				text[have++] = room[i];
		}
	if (fd >= 0)
		close(fd);
	text[have] = 0;
	return is_done ? 0 : -1;
}

/* The permissions that the caller's umask takes away. */
static uint32_t umask_of(const struct view_answerer *self, uint32_t pid)
{
	char text[STATUS_SIZE];
	if (status_of(self, pid, "\nUmask:", text) != 0)
		return 022;
	uint32_t mask = 0;
	for (const char *at = text; *at != 0; at++)
		if (*at >= '0' && *at <= '7')
			mask = mask << 3 | (uint32_t)(*at - '0');
	return mask & 0777;
}

/* Whether a process may make devices, as far as that is one of its rights. */
static int has_right(const struct view_answerer *self, uint32_t pid)
{
	char text[STATUS_SIZE];
	uint64_t set = 0;
	if (status_of(self, pid, "\nCapEff:", text) != 0)
		return 0;
	for (const char *at = text; *at != 0; at++) {
		if (*at >= '0' && *at <= '9')
			set = set << 4 | (uint64_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			set = set << 4 | (uint64_t)(*at - 'a' + 10);
	}
	return (set >> CAP_MKNOD & 1) != 0;
}

/* Whether the caller is root in the view: the last of four ids is that which counts for files. */
static int is_root(const struct view_answerer *self, uint32_t pid)
{
	char text[STATUS_SIZE];
	if (status_of(self, pid, "\nUid:", text) != 0)
		return 0;
	const char *last = strrchr(text, '\t');
	return last != NULL && strcmp(last, "\t0") == 0;
}

/* Whether the caller is still the root that makes devices. */
static int may_make_devices(const struct view_answerer *self, uint32_t pid)
{
	/* Nobody gave up what the view never had, as in some containers. */
	return is_root(self, pid)
		&& (has_right(self, pid) || !has_right(self, (uint32_t)getpid()));
}

/* A file that stands for a device, as fakeroot(1) has one; which device, nothing else remembers. */
static int make_placeholder(const struct view_answerer *self, int folder, const char *name,
	uint32_t mode, uint64_t device)
{
	if (mknodat(folder, name, S_IFREG | (mode & 07777), 0) != 0)
		return errno;
	int file = self->records ? openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (file >= 0) {
		view_record_device(file, mode, device);
		close(file);
	}
	return 0;
}

static int answer_device(struct view_answerer *self, const struct seccomp_notif *asked, int from,
	uint64_t address, uint32_t mode, uint64_t device)
{
	char path[PATH_MAX];
	struct pak_asked question;
	struct stat st, there;
	int failed = view_copy_path(self, asked->pid, address, path);
	if (failed == 0 && path[0] == 0)
		failed = ENOENT;
	if (failed == 0)
		failed = view_stand(self, asked->pid, path[0] == '/' ? AT_FDCWD : from);
	if (failed != 0)
		return failed;
	if (!view_is_valid(self, asked->id))
		return ESRCH;
	view_rename_self(path, asked->pid);
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
		failed = make_placeholder(self, folder, question.name, mode, device);
	else if (fstatat(folder, question.name, &there, AT_SYMLINK_NOFOLLOW) == 0)
		failed = EEXIST;
	else {
		struct statvfs fs;
		question.id = asked->id;
		question.inode = st.st_ino;
		question.asks = PAK_ASK_DEVICE;
		question.mode = mode;
		question.device = device;
		failed = fstatvfs(folder, &fs) == 0 && (fs.f_flag & ST_RDONLY) ? EROFS
			: view_ask_starter(self, &question, -1);
	}
	close(folder);
	return failed;
}

/* Whether a number stands for a file by O_PATH: then a file has no rights in its entry. */
static int is_path_only(const struct view_answerer *self, uint32_t pid, int number)
{
	struct stat st;
	int link = view_open_of(self, pid, "fd/", number, O_PATH | O_NOFOLLOW);
	int is_so = link >= 0 && fstat(link, &st) == 0 && S_ISLNK(st.st_mode) && (st.st_mode & 0700) == 0;
	if (link >= 0)
		close(link);
	return is_so;
}

/* Answers a call: 0 or an errno, or -1 when the kernel shall do it. */
static int answer(struct view_answerer *self, const struct seccomp_notif *asked)
{
	const __u64 *a = asked->data.args;
	enum view_asks asks = view_call_asks(asked->data.nr);
	/* To others the kernel refuses it, and rightly. */
	if (self->is_for_root && asks >= VIEW_OWN_PATH && asks <= VIEW_OWN_AT && !is_root(self, asked->pid))
		return -1;
	switch (asks) {
	case VIEW_NOTHING:
		return -1;
	case VIEW_OWN_PATH:
	case VIEW_OWN_LINK:
		return answer_owner(self, asked,
			view_open_asked(self, asked, AT_FDCWD, a[0], asks == VIEW_OWN_LINK ? AT_SYMLINK_NOFOLLOW : 0),
			(uint32_t)a[1], (uint32_t)a[2]);
	case VIEW_OWN_OPEN: {
		int fd = (int)a[0] < 0 ? -1 : view_open_of(self, asked->pid, "fd/", (int)a[0], O_PATH);
		if (fd >= 0 && (!view_is_valid(self, asked->id)
				|| (self->records && view_stand(self, asked->pid, AT_FDCWD) != 0))) {
			close(fd);
			return ESRCH;
		}
		if (fd >= 0 && is_path_only(self, asked->pid, (int)a[0])) {
			close(fd);
			fd = -1;
		}
		return answer_owner(self, asked, fd < 0 ? -EBADF : fd, (uint32_t)a[1], (uint32_t)a[2]);
	}
	case VIEW_OWN_AT:
		return answer_owner(self, asked, view_open_asked(self, asked, (int)a[0], a[1], (int)a[4]),
			(uint32_t)a[2], (uint32_t)a[3]);
	case VIEW_MAKE_PATH:
	case VIEW_MAKE_AT: {
		int by_path = asks == VIEW_MAKE_PATH;
		uint32_t mode = (uint32_t)a[by_path ? 1 : 2];
		/* Who may make none is told so by the kernel. */
		if ((!S_ISCHR(mode) && !S_ISBLK(mode)) || !may_make_devices(self, asked->pid))
			return -1;
		return answer_device(self, asked, by_path ? AT_FDCWD : (int)a[0], a[by_path ? 0 : 1], mode,
			a[by_path ? 2 : 3]);
	}
	case VIEW_IDENTITY_1:
	case VIEW_IDENTITY_2:
	case VIEW_IDENTITY_3: {
		/* The one id that the view has is the kernel's to take; any other is pretended. */
		int count = asks - VIEW_IDENTITY_1 + 1;
		for (int i = 0; i < count; i++)
			if ((uint32_t)a[i] != 0 && (uint32_t)a[i] != UINT32_MAX)
				return 0;
		return -1;
	}
	case VIEW_GROUPS:
		return 0;
	default:
		return view_answer_change(self, asked, asks,
			!self->is_for_root || is_root(self, asked->pid));
	}
}

_Noreturn void view_answer(int listener_socket, const struct pak_view *view,
	const struct view_keeper *keeper)
{
	struct pak_saying_packet packet;
	struct view_answerer self;
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
	self.is_for_root = (view->answered & PAK_ANSWER_STRANGERS) != 0;
	self.records = (view->answered & PAK_ANSWER_CHANGES) != 0;
	self.last_user = view->last_user;
	self.last_group = view->last_group;
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
